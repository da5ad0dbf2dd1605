import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type AskedHost, type AskOptions, askSsh } from './ask.ts'
import { oneOf, type Values } from './values.ts'

/** The user's own configuration, as a path and as people write it. */
export interface OwnFile {
  file: string
  shown: string
}

/** The file that ssh reads first. */
export function ownFile(o: AskOptions & { home: string }): OwnFile {
  return o.configFile === undefined
    ? { file: join(o.home, '.ssh/config'), shown: '~/.ssh/config' }
    : { file: o.configFile, shown: o.configFile }
}

/** Where the value of a keyword comes from: `default`, `~/.ssh/config:12`, `~/.ssh/config` (also of what it includes), `/etc/ssh/ssh_config`. */
export type Origin = (keyword: string) => string

/**
 * Finds out where OpenSSH's values come from. ssh itself does not tell, so it is asked again without any configuration and
 * with the user's alone; the line is named where only one line of the file can have said it.
 */
export async function originOf(
  host: AskedHost,
  values: Values,
  o: AskOptions & { home: string },
): Promise<Origin> {
  const own = ownFile(o)
  const text = await readFile(own.file, 'utf8').catch(() => undefined)
  const [bare, user] = await Promise.all([
    askSsh(host, { ...o, configFile: 'none' }),
    text === undefined ? undefined : askSsh(host, { ...o, configFile: own.file }),
  ])
  const same = (left: Values | undefined, keyword: string) =>
    left !== undefined && String(left.get(keyword)) === String(values.get(keyword))
  return (keyword) => {
    if (bare.is !== 'values') return 'OpenSSH configuration'
    if (same(bare.values, keyword)) return 'default'
    const said = user?.is === 'values' ? user.values : undefined
    const users = same(said, keyword) || (said !== undefined && !same2(bare.values, said, keyword))
    if (!users) return '/etc/ssh/ssh_config'
    const line = lineOf(text ?? '', keyword, values.get(keyword)?.[0] ?? '')
    return line === undefined ? own.shown : `${own.shown}:${line}`
  }
}

const same2 = (left: Values, right: Values, keyword: string) =>
  String(left.get(keyword)) === String(right.get(keyword))

/** The line that alone can have said a value; undefined where others may have, or the file includes more. */
function lineOf(text: string, keyword: string, value: string): number | undefined {
  const lines = text.split(/\r?\n/).map((line) => /^\s*(\w+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line))
  if (lines.some((line) => line?.[1]?.toLowerCase() === 'include')) return undefined
  const plain = (written: string) => written.replace(/^"(.*)"$/, '$1')
  const found = lines.flatMap((line, index) =>
    line?.[1]?.toLowerCase() === keyword && plain(line[2] ?? '') === value ? [index + 1] : [],
  )
  return found.length === 1 ? found[0] : undefined
}

/** Whether the user's own configuration turns a keyword on; what the system's says for everybody is no wish of theirs. */
export async function userAsksFor(
  keyword: string,
  host: AskedHost,
  values: Values,
  o: AskOptions & { home: string },
): Promise<boolean> {
  if (oneOf(values, keyword) !== 'yes') return false
  const { file } = ownFile(o)
  const text = await readFile(file, 'utf8').catch(() => '')
  if (!new RegExp(`${keyword}|^\\s*include\\b`, 'im').test(text)) return false
  const answer = await askSsh(host, { ...o, configFile: file })
  return answer.is === 'values' && oneOf(answer.values, keyword) === 'yes'
}
