// tail [-n N|+N] [-c N|+N] [-f|-F] [--pid=PID] [-s SECONDS] [-q] [FILE…]: follows by name with -F, ends with the process of --pid.
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const files = []
let unit = 'lines'
let amount = '10'
let follow = false
let byName = false
let pid
let pause = 0.1
const args = process.argv.slice(2)
for (let argument = args.shift(); argument !== undefined; argument = args.shift()) {
  const [, name, joined] = /^(--[a-z]+)=(.*)$/.exec(argument) ??
    /^(-[ncs])(.+)$/.exec(argument) ?? [undefined, argument]
  const value = () => joined ?? args.shift() ?? ''
  if (name === '--') files.push(...args.splice(0))
  else if (name === '-n' || name === '--lines') [unit, amount] = ['lines', value()]
  else if (name === '-c' || name === '--bytes') [unit, amount] = ['bytes', value()]
  else if (name === '--pid') pid = Number(value())
  else if (name === '-s' || name === '--sleep-interval') pause = Number(value())
  else if (name === '--follow') [follow, byName] = [true, joined === 'name']
  else if (/^-[fFqvz]+$/.test(argument)) {
    follow ||= /[fF]/.test(argument)
    byName ||= argument.includes('F')
  } else if (name === '--retry' || name === '--quiet') byName ||= name === '--retry'
  else files.push(argument)
}

const runs = () => {
  try {
    return pid === undefined || process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Where to begin in what is there: `+N` counts from the start (from 1), `N` from the end. */
function begin(content) {
  const count = Number(amount.replace(/^[+-]/, ''))
  if (unit === 'bytes')
    return amount.startsWith('+') ? Math.max(count - 1, 0) : Math.max(content.length - count, 0)
  const ends = []
  for (let at = content.indexOf(10); at >= 0; at = content.indexOf(10, at + 1)) ends.push(at + 1)
  if (content.length > 0 && ends.at(-1) !== content.length) ends.push(content.length)
  if (amount.startsWith('+')) return count <= 1 ? 0 : (ends[count - 2] ?? content.length)
  return ends.length <= count ? 0 : (ends[ends.length - count - 1] ?? 0)
}

const put = (bytes) =>
  new Promise((resolve, reject) =>
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve())),
  )

async function tail(file) {
  let handle
  let at
  const open = (first) => {
    try {
      handle = file === '-' ? 0 : openSync(file, 'r')
      at = first ? begin(readFileSync(file === '-' ? 0 : file)) : 0
    } catch (error) {
      if (!first) return
      console.error(
        `tail: cannot open '${file}' for reading: ${error.code === 'ENOENT' ? 'No such file or directory' : error.message}`,
      )
      process.exitCode = 1
    }
  }
  const copy = async () => {
    if (handle === undefined) return
    if (fstatSync(handle).size < at) at = 0
    const buffer = Buffer.alloc(65536)
    for (let read = readSync(handle, buffer, 0, buffer.length, at); read > 0; ) {
      at += read
      await put(Buffer.from(buffer.subarray(0, read)))
      read = readSync(handle, buffer, 0, buffer.length, at)
    }
  }
  const renew = () => {
    const there = statSync(file, { throwIfNoEntry: false })
    if (!there || (handle !== undefined && fstatSync(handle).ino === there.ino)) return
    if (handle !== undefined) closeSync(handle)
    handle = undefined
    open(false)
  }
  open(true)
  await copy()
  while (follow && (handle !== undefined || byName)) {
    // Looked at before the copy, so that what was written just before the process ended is still copied.
    const last = !runs()
    await copy()
    if (last) return
    if (byName) renew()
    await sleep(pause * 1000)
  }
}

process.stdout.on('error', () => process.exit(1))
await Promise.all((files.length > 0 ? files : ['-']).map(tail))
