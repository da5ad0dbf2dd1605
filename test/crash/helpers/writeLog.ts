import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** What the kernel was asked, in the order in which it was done. */
export type Op =
  | { is: 'write'; path: string; bytes: Buffer }
  | { is: 'truncate'; path: string; length: number }
  /** The file's bytes (fdatasync, fsync), or a folder's names (fsync), are on disk from here on. */
  | { is: 'synced'; path: string }
  /** A name came into a folder; `from` is what it was called before. */
  | { is: 'named'; folder: string; path: string; from?: string }
  /** What the process said on stdout. */
  | { is: 'said'; text: string }

const loggedCalls =
  'mkdir,mkdirat,openat,write,pwrite64,writev,ftruncate,truncate,fsync,fdatasync,rename,renameat,renameat2,link,linkat'

const call = /^(\d+) +(\w+)\((.*)\) += (-?\d+)/
const unfinished = /^(\d+) +(.*) <unfinished \.\.\.>$/
const resumed = /^(\d+) +<\.\.\. \w+ resumed>(.*)$/

/** Reads what `logging` wrote: only calls that succeeded, those under `root` and on stdout. */
export async function readWriteLog(file: string, root: string): Promise<Op[]> {
  const begun = new Map<string, string>()
  const ops: Op[] = []
  for (const line of (await readFile(file, 'latin1')).split('\n')) {
    const half = unfinished.exec(line)
    if (half?.[1] !== undefined) {
      begun.set(half[1], half[2] ?? '')
      // What is said counts from the moment in which it is begun: nobody can have read it before that.
      const said = saidIn(half[2] ?? '')
      if (said !== undefined) ops.push(said)
      continue
    }
    const rest = resumed.exec(line)
    const whole = rest ? `${rest[1]} ${begun.get(rest[1] ?? '') ?? ''}${rest[2]}` : line
    const [, , name = '', args = '', result = '-1'] = call.exec(whole) ?? []
    if (Number(result) < 0) continue
    if (name === 'write' && args.startsWith('1<')) {
      const said = saidIn(`write(${args}`)
      if (said !== undefined && !rest) ops.push(said)
      continue
    }
    const op = opOf(name, args, Number(result))
    if (op !== undefined && pathOf(op).startsWith(root)) ops.push(op)
  }
  return ops
}

function saidIn(begun: string): Op | undefined {
  const [, text] = /^write\(1<[^>]*>, "([^"]*)"/.exec(begun) ?? []
  return text === undefined ? undefined : { is: 'said', text: hex(text).toString() }
}

function opOf(name: string, args: string, result: number): Op | undefined {
  const [, fd = ''] = /^-?\w+<([^>]*)>/.exec(args) ?? []
  const path = hex(fd).toString()
  const texts = [...args.matchAll(/"([^"]*)"/g)].map(([, text = '']) => hex(text))
  switch (name) {
    case 'write':
    case 'pwrite64':
      return { is: 'write', path, bytes: (texts[0] ?? Buffer.alloc(0)).subarray(0, result) }
    case 'writev':
      return { is: 'write', path, bytes: Buffer.concat(texts).subarray(0, result) }
    case 'ftruncate':
      return { is: 'truncate', path, length: Number(args.split(', ').at(-1)) }
    case 'fsync':
    case 'fdatasync':
      return { is: 'synced', path }
    case 'mkdir':
    case 'mkdirat':
      return named(texts[0])
    case 'openat':
      return args.includes('O_CREAT') ? named(texts[0]) : undefined
    case 'rename':
    case 'renameat':
    case 'renameat2':
    case 'link':
    case 'linkat':
      return named(texts[1], texts[0]?.toString())
    default:
      return undefined
  }
}

function named(bytes: Buffer | undefined, from?: string): Op | undefined {
  const path = bytes?.toString()
  return path === undefined
    ? undefined
    : { is: 'named', folder: dirname(path), path, ...(from === undefined ? {} : { from }) }
}

function pathOf(op: Op): string {
  return op.is === 'said' ? '' : op.path
}

/** The command that writes such a log of another command into a file. */
export function logging(file: string): string[] {
  const told = ['-f', '--seccomp-bpf', '-qq', '-y', '-xx', '-s', '4000000', '-o', file]
  return ['/usr/bin/strace', ...told, '-e', `trace=${loggedCalls}`]
}

/** The bytes of strace's `\x2f\x74…`. */
function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex')
}
