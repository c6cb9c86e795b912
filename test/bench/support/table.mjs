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
  if (profile === undefined) return
  console.log(
    `  profile: JavaScript's thread was busy ${(profile.busyShare * 100).toFixed(0)} % of the time, ${profile.busySeconds.toFixed(1)} s`,
  )
  for (const { name, share } of profile.functions)
    console.log(`  ${(share * 100).toFixed(1).padStart(6)} %  ${name}`)
}
