const mark = /‹(secret:[^‹›\n]{1,120}|redacted:[a-z0-9-]{1,30})›/g

/** The kinds of marks (`secret:NAME`, `redacted:jwt`) that a text got by being cleaned and did not have before. */
export function newMarks(before: string, after: string): string[] {
  if (before === after) return []
  const counts = new Map<string, number>()
  for (const [, kind] of after.matchAll(mark)) counts.set(kind!, (counts.get(kind!) ?? 0) + 1)
  for (const [, kind] of before.matchAll(mark)) counts.set(kind!, (counts.get(kind!) ?? 0) - 1)
  return [...counts].flatMap(([kind, count]) => (count > 0 ? [kind] : []))
}
