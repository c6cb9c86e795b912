// A result for the terminal.

export function printResult({ title, table, goals, also = [], profile, seconds }) {
  console.log(`\n${title} (${Math.round(seconds)} s)`)
  const lines = [table.head, ...table.rows]
  const widths = table.head.map((_, i) => Math.max(...lines.map((line) => line[i].length)))
  for (const line of lines)
    console.log(
      `  ${line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('   ')}`,
    )
  for (const line of also) console.log(`  ${line}`)
  for (const { goal, value, met } of goals) console.log(`  ${met ? 'met   ' : 'MISSED'} ${goal}: ${value}`)
  if (profile !== undefined) printProfile('profile', profile)
}

export function printProfile(title, { note, busyShare, busySeconds, functions }) {
  const busy = `JavaScript's thread was busy ${(busyShare * 100).toFixed(0)} % of the time, ${busySeconds.toFixed(1)} s`
  console.log(`  ${title}: ${busy}; ${note}`)
  for (const { name, share } of functions) console.log(`  ${(share * 100).toFixed(1).padStart(6)} %  ${name}`)
}
