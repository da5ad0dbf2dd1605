/** How many numbers there are for a few characters in a row. */
export const grams = 65_536

/** The three characters that end at `at`, as a number; of each the low byte (codes.ts). */
export function gramAt(text: string, at: number): number {
  const [first, second, third] = [text.charCodeAt(at - 2), text.charCodeAt(at - 1), text.charCodeAt(at)]
  return (((first & 0xff) << 10) ^ ((second & 0xff) << 5) ^ (third & 0xff)) & (grams - 1)
}

/** The four characters that end before `past`, as a number. */
export function fourBefore(text: string, past: number): number {
  return (gramAt(text, past - 1) ^ (text.charCodeAt(past - 4) * 0x9e5)) & (grams - 1)
}

/** Adds to the list of a key. */
export function addTo<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}
