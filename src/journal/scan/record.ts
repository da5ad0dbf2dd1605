import { newMarks } from './marks.ts'

/** Where in an event's data something was found. */
export interface FieldFound {
  /** `data.changes[0].say`; keys of the data are given as cleaned. */
  field: string
  kind: string
}

/** What cleaning changed in an event's data, by field. */
export function fieldsFound(data: unknown, clean: <T>(value: T) => T): FieldFound[] {
  const cleaned = clean(data)
  return JSON.stringify(cleaned) === JSON.stringify(data) ? [] : walk(data, cleaned, 'data')
}

function walk(before: unknown, after: unknown, field: string): FieldFound[] {
  if (typeof before === 'string')
    return newMarks(before, typeof after === 'string' ? after : '').map((kind) => ({ field, kind }))
  if (Array.isArray(before)) {
    const cleaned = Array.isArray(after) ? after : []
    return before.flatMap((entry, index) => walk(entry, cleaned[index], `${field}[${index}]`))
  }
  if (typeof before !== 'object' || before === null) return []
  const cleaned = Object.entries((after ?? {}) as object)
  return Object.entries(before).flatMap(([key, entry], index) => {
    const [name = '', value] = cleaned[index] ?? []
    const named = newMarks(key, name).map((kind) => ({ field, kind }))
    return [...named, ...walk(entry, value, `${field}.${name}`)]
  })
}
