import { inert } from './inert.ts'

/**
 * A JSON value with every string in it inert, keys too; the same value where nothing was to be done. For what is read
 * back from a journal: we wrote it inert, but a file that was changed by hand is text from outside like any other.
 */
export function inertDeep<T>(value: T): T {
  return deep(value) as T
}

function deep(value: unknown): unknown {
  if (typeof value === 'string') return inert(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const list = value.map(deep)
    return list.every((entry, index) => entry === value[index]) ? value : list
  }
  let changed = false
  const entries = Object.entries(value).map(([name, entry]) => {
    const pair = [inert(name), deep(entry)] as const
    if (pair[0] !== name || pair[1] !== entry) changed = true
    return pair
  })
  return changed ? Object.fromEntries(entries) : value
}
