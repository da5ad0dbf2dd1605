/** A configuration as OpenSSH resolves it for one host: lower-case keywords, each with its values in order. */
export type Values = ReadonlyMap<string, readonly string[]>

/** Reads the output of `ssh -G`: one lower-case keyword and its value a line, keywords repeated. */
export function parseValues(text: string): Values {
  const values = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ')
    if (space < 1) continue
    const key = line.slice(0, space)
    values.set(key, [...(values.get(key) ?? []), line.slice(space + 1).trim()])
  }
  return values
}

/** The first value of a keyword; undefined where there is none, or where it says `none`. */
export function oneOf(values: Values, key: string): string | undefined {
  const value = values.get(key)?.[0]
  return value === undefined || value === '' || value.toLowerCase() === 'none' ? undefined : value
}

/** True where a keyword says yes. */
export function isYes(values: Values, key: string): boolean {
  return ['yes', 'true'].includes(oneOf(values, key)?.toLowerCase() ?? '')
}

/** The algorithms of a keyword's comma list. */
export function listOf(values: Values, key: string): string[] {
  return (oneOf(values, key) ?? '').split(',').filter((name) => name !== '')
}

/** The paths of a keyword that takes several: `ssh -G` puts them on one line without quotes, and a path may hold spaces. */
export function pathsOf(values: Values, key: string): string[] {
  return (values.get(key) ?? [])
    .flatMap((line) => line.split(/ (?=[/~]|%d|\$\{)/))
    .filter((file) => file !== '' && file.toLowerCase() !== 'none')
}
