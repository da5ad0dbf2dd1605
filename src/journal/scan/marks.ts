const mark = /‹(secret:[^‹›\n]{1,120}|redacted:[a-z0-9-]{1,30})›/g

/**
 * The kinds of marks (`secret:NAME`, `redacted:jwt`) that a text got by being cleaned and did not have before. A mark counts
 * as old only where it stood at the same place: one that somebody wrote into what was hidden must not stand for the new one.
 */
export function newMarks(before: string, after: string): string[] {
  if (before === after) return []
  return placed(before, after) ?? counted(before, after)
}

/** Walks both texts side by side; nothing where cleaning changed more than what its marks stand for. */
function placed(before: string, after: string): string[] | undefined {
  const kinds = new Set<string>()
  const marks = [...after.matchAll(mark)]
  const first = marks[0]?.index ?? after.length
  if (!before.startsWith(after.slice(0, first))) return undefined
  let at = first
  for (const [index, { 0: text, 1: kind, index: from }] of marks.entries()) {
    const last = index === marks.length - 1
    const between = after.slice(from + text.length, marks[index + 1]?.index)
    const past = at + text.length
    const same = before.startsWith(text + between, at) && (!last || past + between.length === before.length)
    const next = same ? past : last ? before.length - between.length : before.indexOf(between, at + 1)
    if (next < at || !before.startsWith(between, next)) return undefined
    if (!same) kinds.add(kind!)
    at = next + between.length
  }
  return at === before.length ? [...kinds] : undefined
}

function counted(before: string, after: string): string[] {
  const counts = new Map<string, number>()
  for (const [, kind] of after.matchAll(mark)) counts.set(kind!, (counts.get(kind!) ?? 0) + 1)
  for (const [, kind] of before.matchAll(mark)) counts.set(kind!, (counts.get(kind!) ?? 0) - 1)
  return [...counts].flatMap(([kind, count]) => (count > 0 ? [kind] : []))
}
