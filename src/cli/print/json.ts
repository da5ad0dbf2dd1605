import { inertDeep } from '../../logs/inertDeep.ts'

/** What JSON.stringify lets through or escapes, and a reader such as `jq -r` would bring back. */
const suspicious = /[^\x20-\x7e]|\\[ubfr]/

/** One line of JSON of something that was read back from a journal, with every string in it inert. */
export function inertJson(value: unknown): string {
  const line = JSON.stringify(value)
  return suspicious.test(line) ? JSON.stringify(inertDeep(value)) : line
}
