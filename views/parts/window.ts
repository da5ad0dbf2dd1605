/** The part of a list that fits `height` rows and holds `index`; it moves only when the index comes to its end. */
export function windowOf<T>(
  items: readonly T[],
  index: number,
  height: number,
): { item: T; index: number }[] {
  if (height <= 0) return []
  const top = Math.max(0, Math.min(index - Math.floor(height / 2), items.length - height))
  return items.slice(top, top + height).map((item, offset) => ({ item, index: top + offset }))
}

/** The rows from `scroll` on, never past the end; `more` rows are below, `before` above. */
export function scrolled<T>(
  rows: readonly T[],
  scroll: number,
  height: number,
): { shown: T[]; before: number; more: number } {
  const top = Math.max(0, Math.min(scroll, rows.length - height))
  const shown = rows.slice(top, top + Math.max(0, height))
  return { shown, before: top, more: Math.max(0, rows.length - top - shown.length) }
}
