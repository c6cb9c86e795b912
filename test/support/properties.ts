import fc from 'fast-check'

/**
 * Property tests draw the same cases everywhere, so that a test that passed for its author passes for everybody and
 * a failure is about the change. `PROPERTY_SEED=random` looks further, and says which seed it drew.
 */
const given = process.env['PROPERTY_SEED'] ?? '20261125'
const seed = given === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(given)
if (given === 'random') console.log(`PROPERTY_SEED=${seed}`)
fc.configureGlobal({ seed })
