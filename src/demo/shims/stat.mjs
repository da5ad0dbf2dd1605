// stat [-L] -c FORMAT FILE…: the directives of GNU stat for what a file is, whose, how large and how old.
import { execFileSync } from 'node:child_process'
import { lstatSync, readlinkSync, statSync } from 'node:fs'

let format
let printf = false
let follow = false
const files = []
const args = process.argv.slice(2)
for (let argument = args.shift(); argument !== undefined; argument = args.shift()) {
  if (argument === '--') files.push(...args.splice(0))
  else if (argument === '-c' || argument === '--format') format = args.shift()
  else if (argument.startsWith('-c')) format = argument.slice(2)
  else if (argument.startsWith('--format=')) format = argument.slice(9)
  else if (argument.startsWith('--printf=')) [format, printf] = [argument.slice(9), true]
  else if (argument === '-L' || argument === '--dereference') follow = true
  else if (argument === '-Lc') [follow, format] = [true, args.shift()]
  else files.push(argument)
}

function nameOf(kind, id) {
  try {
    if (kind === 'user') return execFileSync('id', ['-un', String(id)], { encoding: 'utf8' }).trim()
    const own = execFileSync('id', ['-G'], { encoding: 'utf8' }).trim().split(' ')
    const names = execFileSync('id', ['-Gn'], { encoding: 'utf8' }).trim().split(' ')
    return names[own.indexOf(String(id))] ?? 'UNKNOWN'
  } catch {
    return 'UNKNOWN'
  }
}

function typeOf(stats) {
  if (stats.isSymbolicLink()) return 'symbolic link'
  if (stats.isDirectory()) return 'directory'
  if (stats.isSocket()) return 'socket'
  if (stats.isFIFO()) return 'fifo'
  if (stats.isCharacterDevice()) return 'character special file'
  if (stats.isBlockDevice()) return 'block special file'
  return stats.size === 0n ? 'regular empty file' : 'regular file'
}

const bits = 'rwxrwxrwx'
const letters = { 'symbolic link': 'l', directory: 'd', socket: 's', fifo: 'p' }

function permissions(stats) {
  const mode = Number(stats.mode)
  const set = [...bits].map((bit, index) => (mode & (1 << (8 - index)) ? bit : '-'))
  return (letters[typeOf(stats)] ?? '-') + set.join('')
}

const directives = {
  a: (stats) => (Number(stats.mode) & 0o7777).toString(8),
  A: permissions,
  d: (stats) => stats.dev,
  f: (stats) => Number(stats.mode).toString(16),
  F: typeOf,
  g: (stats) => stats.gid,
  G: (stats) => nameOf('group', stats.gid),
  h: (stats) => stats.nlink,
  i: (stats) => stats.ino,
  n: (_stats, file) => file,
  N: (stats, file) => (stats.isSymbolicLink() ? `'${file}' -> '${readlinkSync(file)}'` : `'${file}'`),
  s: (stats) => stats.size,
  u: (stats) => stats.uid,
  U: (stats) => nameOf('user', stats.uid),
  W: (stats) => stats.birthtimeMs / 1000n,
  X: (stats) => stats.atimeMs / 1000n,
  Y: (stats) => stats.mtimeMs / 1000n,
  Z: (stats) => stats.ctimeMs / 1000n,
  '%': () => '%',
}

if (format === undefined) {
  console.error('stat: only -c FORMAT is known here')
  process.exit(1)
}
for (const file of files) {
  try {
    const stats = follow ? statSync(file, { bigint: true }) : lstatSync(file, { bigint: true })
    const text = format.replace(/%(.)/g, (_whole, key) => String(directives[key]?.(stats, file) ?? '?'))
    process.stdout.write(printf ? text.replace(/\\n/g, '\n').replace(/\\t/g, '\t') : `${text}\n`)
  } catch (error) {
    const why = {
      ENOENT: 'No such file or directory',
      EACCES: 'Permission denied',
      ENOTDIR: 'Not a directory',
    }
    console.error(`stat: cannot statx '${file}': ${why[error.code] ?? error.message}`)
    process.exitCode = 1
  }
}
