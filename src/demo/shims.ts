import { join } from 'node:path'
import { execa } from 'execa'
import { demoAssets } from './assets.ts'
import type { ShellPlace } from './exec.ts'
import { word, writeProgram } from './place.ts'

/** A tool that every real host has: a look whether this system's does what is needed, and what stands in. */
interface Shim {
  name: string
  works: string
  /** A program of the shims folder and what runs it. */
  by: 'perl' | 'node'
  file: string
}

const shims: readonly Shim[] = [
  { name: 'setsid', works: 'setsid true', by: 'perl', file: 'setsid.pl' },
  { name: 'flock', works: 'flock -n / true', by: 'perl', file: 'flock.pl' },
  { name: 'sha256sum', works: 'sha256sum /dev/null', by: 'node', file: 'sha256sum.mjs' },
  { name: 'stat', works: 'stat -c %s /', by: 'node', file: 'stat.mjs' },
  { name: 'tail', works: 'tail --pid=1 -n 1 /dev/null', by: 'node', file: 'tail.mjs' },
  { name: 'curl', works: 'curl -V', by: 'node', file: 'curl.mjs' },
  { name: 'ss', works: 'ss -Hltn', by: 'node', file: 'ss.mjs' },
]

/**
 * Writes a stand-in for each tool that this system lacks, or knows in another form (macOS), into the folder that
 * stands first on the practice hosts' PATH; with `force` for all of them. Gives the names written.
 */
export async function writeShims(bin: string, place: ShellPlace, force: boolean): Promise<string[]> {
  const needed = force ? shims : await missing(place)
  for (const shim of needed) {
    const program = join(demoAssets(), 'shims', shim.file)
    writeProgram(join(bin, shim.name), [`exec ${shim.by} ${word(program)} "$@"`])
  }
  return needed.map((shim) => shim.name)
}

async function missing(place: ShellPlace): Promise<readonly Shim[]> {
  const look = shims.map(({ name, works }) => `${works} >/dev/null 2>&1 || echo ${name}`).join('\n')
  const { stdout } = await execa('/bin/sh', ['-c', look], {
    cwd: '/',
    env: place.env,
    extendEnv: false,
    reject: false,
  })
  const names = stdout.split('\n')
  return shims.filter(({ name }) => names.includes(name))
}
