import type { Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join, parse } from 'node:path'
import { messageOf } from '../model/errors.ts'
import type { Host, Inventory } from '../model/host.ts'
import { check } from '../model/issues.ts'
import type { Finding } from '../model/runbook.ts'
import { parseSource, sourceLimits } from '../model/source.ts'
import { buildHost, type Operator } from './build.ts'
import { type Doubts, relationProblems } from './relations.ts'
import { inventoryForm, linkTimes } from './schema.ts'

export const inventoryFileName = 'sitrep.yaml'

/** The inventory of a valid file, and everything that was found in it, in the order of the file. */
export interface LoadedInventory {
  inventory?: Inventory
  findings: Finding[]
}

/** The nearest `sitrep.yaml` upwards from `cwd`, else the one in the config folder; undefined where there is none. */
export async function findInventory(cwd: string, config: string): Promise<string | undefined> {
  const folders = [cwd]
  while (folders.at(-1) !== parse(cwd).root) folders.push(dirname(folders.at(-1)!))
  for (const folder of [...folders, config]) {
    const file = join(folder, inventoryFileName)
    const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) =>
      error.code === 'EACCES' ? 'unreadable' : undefined,
    )
    if (handle === 'unreadable') return file
    if (handle === undefined) continue
    const stat = await handle.stat()
    await handle.close()
    if (stat.isFile()) return file
  }
  return undefined
}

/**
 * Reads and checks an inventory's file. `isTrusted` tells whether its folder is trusted, for a file that was only found;
 * absent where a person named the file.
 */
export async function loadInventory(
  file: string,
  operator: Operator,
  isTrusted?: (folder: string) => Promise<boolean>,
): Promise<LoadedInventory> {
  try {
    await using handle = await open(file, 'r')
    const buffer = Buffer.alloc(sourceLimits.bytes + 1)
    let length = 0
    for (let last = 1; last > 0 && length < buffer.length; length += last) {
      last = (await handle.read(buffer, length, buffer.length - length)).bytesRead
    }
    const foreign = foreignness(await handle.stat())
    const folder = dirname(file)
    const vouched = isTrusted === undefined || (await isTrusted(folder))
    return parseInventory(buffer.subarray(0, length), file, operator, {
      ...(foreign === undefined ? {} : { foreign }),
      ...(vouched ? {} : { foundIn: folder }),
    })
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    const message = missing ? 'there is no such file' : `this file can not be read: ${messageOf(error)}`
    return { findings: [{ at: { file, line: 1, column: 1 }, message, level: 'error' }] }
  }
}

/** Whose file it is where that is not the operator's alone, in words; undefined where it is. */
function foreignness({ uid, mode }: Stats): string | undefined {
  if ((mode & 0o002) !== 0) return 'anybody may write this file'
  return uid === process.getuid?.() || uid === 0 ? undefined : 'this file belongs to somebody else'
}

/** Checks the text of an inventory. Hosts keep the order of the file. A file with doubts may not say everything. */
export function parseInventory(
  input: Uint8Array | string,
  file: string,
  operator: Operator,
  doubts: Doubts = {},
): LoadedInventory {
  const source = parseSource(input, file)
  const findings = [...source.findings]
  const error = (at: Finding['at'], message: string) => findings.push({ at, message, level: 'error' })
  const sorted = () => findings.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)
  const failed = () => findings.some(({ level }) => level === 'error')
  if (source.value === undefined) return { findings: sorted() }
  const shaped = check(inventoryForm, source.value ?? {})
  for (const { path, message, key } of shaped.problems)
    error(key ? source.locateKey(path) : source.locate(path), message)
  if (failed() || shaped.value === undefined) return { findings: sorted() }
  const { hosts, confirm_over } = shaped.value
  const link = linkTimes(shaped.value.link)
  for (const { path, message, key } of relationProblems(shaped.value, doubts))
    error(key ? source.locateKey(path) : source.locate(path), message)
  if (failed()) return { findings: sorted() }
  const line = (path: string[]) => `${basename(file)}:${source.locateKey(path).line}`
  const built = Object.entries(hosts).map(([name, host]) =>
    buildHost(name, host ?? {}, {
      ...operator,
      dir: dirname(file),
      ...(Object.keys(link).length === 0 ? {} : { link: { times: link, source: line(['link']) } }),
      source: (key) => line(['hosts', name, key]),
    }),
  )
  const inventory = { file, hosts: withPeers(built), confirmOver: confirm_over ?? 3 }
  return { inventory, findings: sorted() }
}

/** The hosts with what their hops may name: the other hosts of the file. */
function withPeers(built: readonly Host[]): Host[] {
  const peers = new Map<string, Host>()
  for (const host of built) peers.set(host.name, host.unsaid === undefined ? host : { ...host, peers })
  return [...peers.values()]
}
