import { readdir, readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { basename, dirname, isAbsolute, join } from 'node:path'
import SSHConfig, { glob as matches } from 'ssh-config'
import { messageOf, SitrepError } from '../../model/errors.ts'
import type { AskedHost } from './ask.ts'
import type { Values } from './values.ts'

/** What was read without ssh, and what could not be resolved: one sentence each. */
export interface ReadByLibrary {
  values: Values
  notes: string[]
}

/** A file that is read, the folder that its relative Includes start from, and how deep it is included. */
interface Place {
  file: string
  shown: string
  folder: string
  depth: number
}

/** What is being put together for one host. */
interface Reading {
  host: AskedHost
  home: string
  values: Map<string, string[]>
  notes: string[]
}

/** Keywords of which every value counts, not the first alone. */
const repeated = ['identityfile', 'certificatefile']
/** OpenSSH's own limit of Includes within Includes. */
const deepest = 16

/**
 * The configuration of a host, where no ssh is installed that could be asked: the user's file, then the system's, the first
 * value of each keyword. No command is run for it, so `Match exec` and what else only ssh can tell never matches, and is told.
 */
export async function readByLibrary(
  host: AskedHost,
  o: { home: string; user: string; configFile?: string },
): Promise<ReadByLibrary> {
  const reading: Reading = { host, home: o.home, values: new Map(), notes: [] }
  if (host.address !== undefined) reading.values.set('hostname', [host.address])
  if (host.user !== undefined) reading.values.set('user', [host.user])
  if (host.port !== undefined) reading.values.set('port', [String(host.port)])
  const own = join(o.home, '.ssh')
  const places: Place[] =
    o.configFile === undefined
      ? [
          { file: join(own, 'config'), shown: '~/.ssh/config', folder: own, depth: 0 },
          { file: '/etc/ssh/ssh_config', shown: '/etc/ssh/ssh_config', folder: '/etc/ssh', depth: 0 },
        ]
      : [{ file: o.configFile, shown: o.configFile, folder: dirname(o.configFile), depth: 0 }]
  for (const place of places) await readPlace(place, reading)
  const { values } = reading
  values.set('hostname', [addressOf(reading)])
  if (!values.has('user')) values.set('user', [o.user])
  if (!values.has('port')) values.set('port', ['22'])
  return { values, notes: reading.notes }
}

async function readPlace(place: Place, reading: Reading): Promise<void> {
  const { file, shown } = place
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT')
      reading.notes.push(`${shown} can not be read (${error.code ?? error.message})`)
    return undefined
  })
  if (text === undefined) return
  await readLines(parsed(text, shown), place, reading)
}

/** What ssh would refuse to read is no configuration to connect by. */
function parsed(text: string, shown: string): SSHConfig {
  try {
    return SSHConfig.parse(text)
  } catch (cause) {
    throw new SitrepError(
      'usage',
      `${shown} can not be read as an OpenSSH configuration: ${messageOf(cause)}`,
      {
        next: 'mend it, and try again',
        cause,
      },
    )
  }
}

async function readLines(lines: SSHConfig, place: Place, reading: Reading): Promise<void> {
  for (const line of lines) {
    if (line.type !== SSHConfig.DIRECTIVE) continue
    const keyword = line.param.toLowerCase()
    const words = wordsOf(line.value)
    if ('config' in line) {
      const active = 'criteria' in line ? isMatch(line.criteria, place, reading) : isHost(words, reading)
      if (active) await readLines(line.config, place, reading)
    } else if (keyword === 'include') await include(words, place, reading)
    else take(keyword, words, reading.values)
  }
}

type Written = string | readonly { val: string }[]

const wordsOf = (value: Written) => (typeof value === 'string' ? [value] : value.map(({ val }) => val))

function take(keyword: string, words: readonly string[], values: Map<string, string[]>): void {
  const before = values.get(keyword)
  const value = words.join(' ')
  if (before === undefined) values.set(keyword, [value])
  else if (repeated.includes(keyword) && !before.includes(value)) before.push(value)
}

const isHost = (patterns: readonly string[], { host }: Reading) => matches([...patterns], host.name)

/** HostName, the one value whose tokens count while the rest is still being read. */
function addressOf({ host, values }: Reading): string {
  const written = values.get('hostname')?.[0] ?? host.name
  return written.replace(/%(.)/g, (token, letter) => ({ h: host.name, '%': '%' })[String(letter)] ?? token)
}

/** Whether a Match holds, as far as it can be known without running anything. */
function isMatch(criteria: Record<string, Written>, place: Place, reading: Reading): boolean {
  const { host, values } = reading
  const facts: Record<string, string> = {
    host: addressOf(reading),
    originalhost: host.name,
    user: values.get('user')?.[0] ?? userInfo().username,
    localuser: userInfo().username,
  }
  return Object.entries(criteria).every(([name, written]) => {
    const criterion = name.toLowerCase()
    if (criterion === 'all') return true
    const fact = facts[criterion]
    if (fact !== undefined)
      return matches(
        wordsOf(written).flatMap((word) => word.split(',')),
        fact,
      )
    const note = `"Match ${criterion}" in ${place.shown} can not be resolved without ssh; what it says is not used`
    if (!reading.notes.includes(note)) reading.notes.push(note)
    return false
  })
}

/** Reads the files that an Include names, in the order of their names, under the condition that it stands under. */
async function include(patterns: readonly string[], place: Place, reading: Reading): Promise<void> {
  if (place.depth >= deepest) {
    reading.notes.push(`${place.shown} includes too many files within files`)
    return
  }
  for (const pattern of patterns) {
    const expanded = pattern.replace(/^~(?=\/)/, () => reading.home)
    const path = isAbsolute(expanded) ? expanded : join(place.folder, expanded)
    if (/[%$]/.test(pattern) || /[*?[]/.test(dirname(path)) || basename(path).includes('[')) {
      reading.notes.push(`Include ${pattern} in ${place.shown} can not be resolved without ssh`)
      continue
    }
    for (const file of await named(path))
      await readPlace({ ...place, file, shown: file, depth: place.depth + 1 }, reading)
  }
}

/** The files of a path whose last part may have `*` and `?`, by name; a path without them as it is. */
async function named(path: string): Promise<string[]> {
  const [folder, pattern] = [dirname(path), basename(path)]
  if (!/[*?]/.test(pattern)) return [path]
  const names = await readdir(folder).catch(() => [])
  return names
    .filter((name) => matches([pattern], name) && (!name.startsWith('.') || pattern.startsWith('.')))
    .toSorted()
    .map((name) => join(folder, name))
}
