/**
 * What `npm ci` needs of package-lock.json and `npm install` does not always write.
 *
 * A registry that does not serve the builds of a package for other platforms makes `npm install` leave them out of
 * the lock; `npm ci` then calls the lock incomplete. An entry with version, os and cpu satisfies it, and is skipped
 * on every machine but that platform's.
 */

const systems = [
  'darwin',
  'linux',
  'win32',
  'freebsd',
  'openbsd',
  'netbsd',
  'sunos',
  'aix',
  'android',
  'openharmony',
]
const processors = [
  'arm64',
  'x64',
  'ia32',
  'arm',
  's390x',
  'ppc64',
  'riscv64',
  'loong64',
  'mips64el',
  'wasm32',
]
const exactVersion = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/

/** Where Node would find `name` from the package at `from`, among the places of the lock. */
function isLocked(packages, from, name) {
  for (let place = from; ;) {
    if (packages[`${place === '' ? '' : `${place}/`}node_modules/${name}`]) return true
    if (place === '') return false
    const outer = place.lastIndexOf('/node_modules/')
    place = outer === -1 ? '' : place.slice(0, outer)
  }
}

/** Entries that are missing: [place, entry]. */
export function missingEntries(lock) {
  const missing = new Map()
  for (const [place, entry] of Object.entries(lock.packages ?? {}))
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (isLocked(lock.packages, place, name) || !exactVersion.test(version)) continue
      const words = name.split(/[/_-]/)
      const os = systems.find((system) => words.includes(system))
      const cpu = processors.find((processor) => words.includes(processor))
      if (os === undefined || cpu === undefined) continue
      missing.set(`node_modules/${name}`, { version, cpu: [cpu], optional: true, os: [os] })
    }
  return [...missing]
}

/** Entries that name a registry: the lock must work with whichever registry a machine is set up for. */
export const registryAddresses = (lock) =>
  Object.entries(lock.packages ?? {})
    .filter(([, entry]) => /^[a-z+]+:\/\//i.test(entry.resolved ?? ''))
    .map(([place]) => place)

/** The lock, complete and without registry addresses. */
export function fixed(lock) {
  const packages = { ...lock.packages, ...Object.fromEntries(missingEntries(lock)) }
  for (const place of registryAddresses(lock)) {
    const { resolved: _, ...entry } = packages[place]
    packages[place] = entry
  }
  const ordered = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en')))
  return { ...lock, packages: ordered }
}

/** What is wrong with a lock, in sentences. */
export const lockProblems = (lock) => [
  ...missingEntries(lock).map(
    ([place]) =>
      `package-lock.json lacks ${place}, without which \`npm ci\` refuses it. Run: node scripts/fix-lock.mjs`,
  ),
  ...registryAddresses(lock).map(
    (place) => `package-lock.json names a registry for ${place}. Run: node scripts/fix-lock.mjs`,
  ),
]
