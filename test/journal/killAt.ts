// Loaded before a program (`node --import`): ends it by kill -9 at its KILL_AT-th operation on a file, before that
// operation, or with KILL_HALF=1 in the middle of it where it writes. With KILL_AT=0 it prints how many there are.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const at = Number(process.env.KILL_AT ?? 0)
const half = process.env.KILL_HALF === '1'
let count = 0

const writeSync = fs.writeSync

type Operation = (this: unknown, ...args: never[]) => unknown

/** Writes the first half of what was to be written, through the same file. */
function writeHalf(self: unknown, args: unknown[]): void {
  const own = self as { fd?: number } | undefined
  const fd = typeof own?.fd === 'number' ? own.fd : Number(args.shift())
  const [content, from, length, position] = args as [Buffer | string, unknown, unknown, unknown]
  const bytes = Buffer.from(content as Buffer)
  const start = typeof from === 'number' ? from : 0
  const end = typeof length === 'number' ? start + length : bytes.length
  writeSync(fd, bytes, start, Math.floor((end - start) / 2), typeof position === 'number' ? position : null)
}

function wrap(owner: object, name: string): void {
  const operations = owner as Record<string, Operation>
  const original = operations[name]!
  operations[name] = function (this: unknown, ...args: never[]) {
    if (++count === at) {
      if (half && name.startsWith('write')) writeHalf(this, [...args])
      process.kill(process.pid, 'SIGKILL')
    }
    return original.apply(this, args)
  }
}

const handle = await fs.promises.open(process.execPath)
const prototype = Object.getPrototypeOf(handle) as object
await handle.close()
for (const name of ['write', 'writeFile', 'datasync', 'sync', 'truncate', 'close']) wrap(prototype, name)
for (const name of ['open', 'rename', 'rm', 'unlink', 'mkdir', 'chmod']) wrap(fs.promises, name)
for (const name of ['write', 'writeSync', 'fdatasync', 'fdatasyncSync', 'fsync', 'fsyncSync']) wrap(fs, name)
syncBuiltinESMExports()
if (at === 0) process.on('exit', () => writeSync(1, `${count}\n`))
