import { headerText, topics, typeOf, type MixtureSet } from '@mixdesk/contracts'
import { partitionOfKey } from '@mixdesk/messaging'
import { expectSame, openRun, tellAll, type Context, type RunSide } from './context.js'
import { binary, type KafkaSide } from './kafka-side.js'
import { cadence, lastStep, ranks } from './story.js'

/** The story as it should be told. Undefined where the server answers nothing, so that all else is idle. */
export async function undisturbed(context: Context, kafka: KafkaSide): Promise<RunSide | undefined> {
  const { findings, patienceMs } = context
  const run = openRun(context, 'clean')
  await kafka.send([run.opens(1, run.start())])
  const first = await run.version(1)
  const begins = first !== undefined && first.fromStep === 0 && first.decidedAtStep === -1
  findings.check('start.mixture', begins, () => ({
    where: `run ${run.run}`,
    expected: `version 1 from step 0 on within ${patienceMs} ms`,
    got:
      first === undefined ? 'no command' : `fromStep ${first.fromStep}, decidedAtStep ${first.decidedAtStep}`,
  }))
  if (first === undefined) return undefined
  await kafka.send(run.steps(0, lastStep))
  await run.decidedAt(lastStep)
  const decided = run.commands.slice(1).map((command) => command.decidedAtStep)
  const wanted = Array.from({ length: (lastStep + 1) / cadence }, (_, i) => (i + 1) * cadence - 1)
  findings.check('decisions.cadence', JSON.stringify(decided) === JSON.stringify(wanted), () => ({
    where: `run ${run.run}, ${context.policy} with cadence ${cadence}`,
    expected: `decisions at steps ${wanted.join(', ')}`,
    got: decided.length === 0 ? 'none' : `at steps ${decided.join(', ')}`,
  }))
  return run
}

/** The same story, told in ways that must make no difference. */
export async function twins(context: Context, kafka: KafkaSide, clean: readonly MixtureSet[]): Promise<void> {
  const same = openRun(context, 'same')
  const twice = openRun(context, 'twice')
  const mixed = openRun(context, 'mixed')
  const more = openRun(context, 'more')
  const whole = openRun(context, 'structured')
  const packed = openRun(context, 'packed')
  const unknown = { conformanceProbe: { ignore: ['me'] }, anotherField: null }

  await tellAll(kafka, same)
  const start = twice.opens(1, twice.start())
  const otherStart = twice.event('run.started', start.data)
  const reports = twice.steps(0, lastStep)
  const others = reports.map(({ data }) =>
    twice.event('losses.measured', { ...data, lossSum: (data['lossSum'] as number[]).map((sum) => sum * 3) }),
  )
  await kafka.send([
    start,
    start,
    otherStart,
    ...reports.flatMap((one, i) => [one, one, others[i]!]),
    ...reports,
  ])
  await kafka.send([mixed.opens(1, mixed.start()), ...scrambled(mixed)])
  await kafka.send([more.opens(1, more.start(unknown)), ...more.steps(0, lastStep, unknown)])
  await kafka.send([whole.opens(1, whole.start()), ...whole.steps(0, lastStep)], { structured: true })
  await kafka.send([packed.opens(1, packed.start()), ...packed.steps(0, 3)], { codec: 'gzip' })
  await kafka.send(packed.steps(4, 7), { codec: 'snappy' })
  await kafka.send(packed.steps(8, lastStep), { codec: 'lz4' })
  await Promise.all([
    expectSame(context, 'decisions.same', clean, same),
    expectSame(context, 'duplicates.ignored', clean, twice),
    expectSame(context, 'order.ranks', clean, mixed),
    expectSame(context, 'fields.unknown', clean, more),
    expectSame(context, 'mode.structured', clean, whole),
    expectSame(context, 'batches.compressed', clean, packed),
  ])
}

/** Rank 1 before rank 0, and one rank a step ahead of the other. */
function scrambled(run: RunSide) {
  const events = []
  for (let step = 0; step <= lastStep; step += 2)
    events.push(run.losses(step, 1), run.losses(step + 1, 1), run.losses(step + 1, 0), run.losses(step, 0))
  return events
}

/** A rank that misses a step, and one that comes with it too late. */
export async function lateness(context: Context, kafka: KafkaSide): Promise<void> {
  const absent = openRun(context, 'absent')
  const late = openRun(context, 'late')
  const missed = 3
  for (const run of [absent, late]) {
    const reports = run
      .steps(0, lastStep + cadence)
      .filter(({ data }) => !(data['step'] === missed && data['rank'] === 1))
    const at = reports.findIndex(({ data }) => data['step'] === missed + 6)
    const words = run === late ? [run.losses(missed, 1)] : []
    await kafka.send([run.opens(1, run.start()), ...reports.slice(0, at), ...words, ...reports.slice(at)])
  }
  await absent.decidedAt(lastStep + cadence)
  const closes = absent.commands.some(({ decidedAtStep }) => decidedAtStep >= missed)
  if (!closes) {
    context.findings.check('late.ignored', false, () => ({
      where: `run ${absent.run}`,
      expected: `step ${missed} to close without rank 1`,
      got: `no decision from step ${missed} on`,
    }))
    return
  }
  await expectSame(context, 'late.ignored', [...absent.commands], late)
}

export async function nulls(context: Context, kafka: KafkaSide): Promise<void> {
  const run = openRun(context, 'null')
  // So few steps that none closes by lateness: a report that was turned away would be waited for.
  const until = cadence - 1
  const [first, ...rest] = run.steps(0, until)
  const lossSum = [null, ...(first!.data['lossSum'] as number[]).slice(1)]
  await kafka.send([run.opens(1, run.start()), { ...first!, data: { ...first!.data, lossSum } }, ...rest])
  const decided = await run.decidedAt(until)
  context.findings.check('null.absent', decided !== undefined, () => ({
    where: `run ${run.run}, a null in step 0`,
    expected: `a decision at step ${until}`,
    got: `${run.commands.length} commands, none of them that one`,
  }))
}

/** Messages that nobody can use, between those of a sound run. */
export async function poison(
  context: Context,
  kafka: KafkaSide,
  clean: readonly MixtureSet[],
): Promise<void> {
  const { findings, patienceMs } = context
  const run = openRun(context, 'poison')
  const sound = binary(run.losses(0, 0))
  const data = run.losses(1, 0).data
  const bad: { what: string; value: string | Uint8Array; headers?: Record<string, string> }[] = [
    { what: 'half a JSON document', value: '{"run": ' },
    { what: 'bytes that are not UTF-8', value: new Uint8Array([0xff, 0xfe, 0x00, 0x7b]) },
    {
      what: 'a type nobody knows',
      value: '{"conformance":1}',
      headers: { ce_type: typeOf('losses.guessed') },
    },
    { what: 'a step of −1', value: JSON.stringify({ ...data, step: -1 }) },
    { what: 'arrays of unequal length', value: JSON.stringify({ ...data, tokens: [1, 2] }) },
    {
      what: "a run that is not the message's key",
      value: JSON.stringify({ ...data, run: `${run.run}-other` }),
    },
    { what: "a rank that doesn't exist", value: JSON.stringify({ ...data, rank: ranks }) },
  ]
  await kafka.send([run.opens(1, run.start()), ...run.steps(0, 4)])
  await kafka.sendRaw(
    bad.map(({ value, headers }) => ({
      key: run.run,
      value,
      headers: { ...(sound.headers as Record<string, string>), ...headers },
    })),
  )
  await kafka.sendRaw([{ key: run.run, value: '{}', headers: {} }])
  await kafka.send(run.steps(5, lastStep))
  await expectSame(context, 'poison.goes-on', clean, run)
  const letterOf = (value: string | Uint8Array) =>
    kafka
      .letters(run.run)
      .find((letter) => Buffer.compare(Buffer.from(letter.value ?? []), Buffer.from(value)) === 0)
  await context.hears({ onChange: kafka.onLetter }, () => bad.every(({ value }) => letterOf(value)))
  for (const { what, value } of bad) {
    const headers = letterOf(value)?.headers
    const told =
      headers !== undefined &&
      headerText(headers, 'mixdesk-topic') === topics.trainerEvents &&
      ['mixdesk-partition', 'mixdesk-offset'].every((name) =>
        /^\d+$/.test(headerText(headers, name) ?? ''),
      ) &&
      (headerText(headers, 'mixdesk-because') ?? '') !== ''
    findings.check('poison.dead-letter', told, () => ({
      where: `run ${run.run}, ${what}`,
      expected: 'a dead letter with the same bytes, its place, and why',
      got:
        headers === undefined ? `none within ${patienceMs} ms` : `headers ${Object.keys(headers).join(', ')}`,
    }))
  }
}

/** Back to the checkpoint at step 5, after step 8. */
export async function resume(
  context: Context,
  kafka: KafkaSide,
  clean: readonly MixtureSet[],
): Promise<void> {
  const { findings, patienceMs } = context
  const run = openRun(context, 'resumed')
  const [from, until] = [5, 8]
  await kafka.send([
    run.opens(1, run.start()),
    ...run.steps(0, from),
    run.event('checkpoint.saved', { attempt: 1, step: from }),
    ...run.steps(from + 1, until),
  ])
  await run.decidedAt(until)
  const before = run.commands.at(-1)?.version ?? 0
  const opening = run.event('run.resumed', { attempt: 2, step: from, ranks })
  const stale = run.losses(from + 1, 0, { lossSum: [9e5, 9e5, 9e5] })
  await kafka.send([run.opens(2, opening), stale, ...run.steps(from + 1, lastStep, { attempt: 2 })])
  const again = await run.version(before + 1)
  const inForce = clean.findLast((command) => command.decidedAtStep <= from)!
  const restored =
    again !== undefined &&
    again.attempt === 2 &&
    again.fromStep === from + 1 &&
    JSON.stringify(again.weights) === JSON.stringify(inForce.weights)
  findings.check('resume.mixture', restored, () => ({
    where: `run ${run.run}, resumed from step ${from}`,
    expected: `version ${before + 1} for attempt 2 from step ${from + 1} on with ${JSON.stringify(inForce.weights)}`,
    got:
      again === undefined
        ? `no command within ${patienceMs} ms`
        : `attempt ${again.attempt}, fromStep ${again.fromStep}, ${JSON.stringify(again.weights)}`,
  }))
  if (!restored) return
  await run.decidedAt(lastStep, 2)
  const relived = (commands: readonly MixtureSet[], attempt: number) =>
    JSON.stringify(
      commands
        .filter((command) => command.attempt === attempt && command.decidedAtStep > from)
        .map(({ decidedAtStep, weights }) => ({ decidedAtStep, weights })),
    )
  findings.check('resume.decisions', relived(run.commands, 2) === relived(clean, 1), () => ({
    where: `run ${run.run}, after the resume`,
    expected: relived(clean, 1),
    got: relived(run.commands, 2),
  }))
}

/** A start that must be refused; looked at again at the very end. */
export async function refusal(context: Context, kafka: KafkaSide): Promise<() => void> {
  const { findings, patienceMs } = context
  const run = openRun(context, 'refused')
  await kafka.send([
    run.opens(1, run.start({ policy: { name: 'no-such-policy' } })),
    ...run.steps(0, lastStep),
  ])
  await context.hears({ onChange: kafka.onLetter }, () => kafka.letters(run.run).length > 0)
  const because = kafka.letters(run.run).map((letter) => headerText(letter.headers, 'mixdesk-because') ?? '')
  return () =>
    findings.check('start.refused', because.some((text) => text !== '') && run.commands.length === 0, () => ({
      where: `run ${run.run}`,
      expected: 'a dead letter that says why, and no mixture',
      got:
        run.commands.length > 0
          ? `${run.commands.length} mixtures`
          : `no dead letter within ${patienceMs} ms`,
    }))
}

/** Ends the run and goes on reporting; whether it stayed quiet is looked at at the very end. */
export async function ending(context: Context, kafka: KafkaSide, clean: RunSide): Promise<() => void> {
  const decided = clean.commands.length
  await kafka.send([clean.finish(lastStep), ...clean.steps(lastStep + 1, lastStep + 2 * cadence)])
  // A run behind it in the same partition: once it has its decisions, the words after the end have been read.
  const partitionOf = (name: string) => partitionOfKey(name, kafka.partitions)
  let i = 0
  while (partitionOf(`${context.prefix}-behind-${i}`) !== partitionOf(clean.run)) i++
  const behind = openRun(context, `behind-${i}`)
  await tellAll(kafka, behind)
  await behind.decidedAt(lastStep)
  return () =>
    context.findings.check('finish.quiet', clean.commands.length === decided, () => ({
      where: `run ${clean.run}, finished at step ${lastStep}`,
      expected: `no version after ${decided}`,
      got: `version ${clean.commands.at(-1)!.version}`,
    }))
}
