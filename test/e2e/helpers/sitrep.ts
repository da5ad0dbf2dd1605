import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { EventRecord } from '../../../src/model/event.ts'

/** The command as users start it. */
export const program = [
  process.execPath,
  join(import.meta.dirname, '..', '..', '..', 'bin', 'sitrep'),
] as const

/** How a command of sitrep ended. */
export interface Ended {
  exitCode: number
  stdout: string
  stderr: string
}

/** A person's own corner: a state folder and a working folder without runbooks, and sitrep started in them. */
export interface Desk extends Disposable {
  home: string
  cwd: string
  env: Record<string, string>
  sitrep(...args: string[]): Promise<Ended>
  /** The events that a `--json` command printed. */
  events(stdout: string): EventRecord[]
  /** The id of the newest incident. */
  incident(): string
  postmortem(): string
}

/** Makes a desk; `env` is added to a small environment. */
export function desk(env: Record<string, string> = {}): Desk {
  const root = mkdtempSync(join(tmpdir(), 'sitrep-desk-'))
  const home = join(root, 'state')
  const full = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? root,
    SITREP_HOME: home,
    XDG_CONFIG_HOME: join(root, 'config'),
    ...env,
  }
  const incident = () => {
    const ids = readdirSync(join(home, 'incidents')).sort()
    const last = ids.at(-1)
    if (last === undefined) throw new Error('no incident was declared')
    return last
  }
  return {
    home,
    cwd: root,
    env: full,
    sitrep: async (...args) => {
      const [node, bin] = program
      const result = await execa(node, [bin, ...args], {
        cwd: root,
        env: full,
        extendEnv: false,
        reject: false,
        stdin: 'ignore',
      })
      return { exitCode: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr }
    },
    events: (stdout) =>
      stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as EventRecord),
    incident,
    postmortem: () => readFileSync(join(home, 'incidents', incident(), 'postmortem.md'), 'utf8'),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  }
}
