export type Assignment = { readonly [topic: string]: readonly number[] }

/** Partitions as the port shows them: topics by name, partitions ascending. */
export function assignmentOf(
  partitions: Iterable<{ readonly topic: string; readonly partition: number }>,
): Assignment {
  const byTopic: Record<string, number[]> = {}
  for (const { topic, partition } of partitions) (byTopic[topic] ??= []).push(partition)
  for (const list of Object.values(byTopic)) list.sort((a, b) => a - b)
  return byTopic
}

export const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`
