export type Complaint = 'port' | 'disk' | 'timeout' | 'unknown'

const interesting = /FATAL|ERROR|Exception|PANIC|error/

/** What an engine's log says about why it ended, and the line that says so. */
export function complaint(log: string): { about: Complaint; line: string } {
  const lines = log.split('\n').map((line) => line.trim())
  const first = (pattern: RegExp): string | undefined => lines.find((line) => pattern.test(line))
  const disk = first(/No space left on device|Disk quota exceeded/i)
  if (disk !== undefined) return { about: 'disk', line: disk }
  const port = first(/Address already in use|could not bind/i)
  if (port !== undefined) return { about: 'port', line: port }
  const line =
    lines.filter((text) => interesting.test(text)).at(-1) ?? lines.filter((text) => text !== '').at(-1)
  return { about: 'unknown', line: line ?? 'nothing was written' }
}
