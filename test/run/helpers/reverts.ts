import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { PlannedChange } from '../../../src/model/action.ts'
import type { RunContext } from '../../../src/run/context.ts'
import { revertText } from '../../../src/run/revert/body.ts'
import { parseState, type RevertState } from '../../../src/run/revert/orders.ts'
import { decoded } from '../../helpers/act.ts'

/** A revert that was laid down by hand, with nothing that would keep it over a reboot. */
export interface LaidDown extends Disposable {
  folder: string
  /** Gives one order to its program, as the console does. */
  order(...args: string[]): RevertState
  /** Starts what waits; the promise resolves with its exit code when it ends. */
  wait(): { child: ChildProcess; ended: Promise<number | null> }
  is(name: string): boolean
}

/** The values of a revert's `env` file. */
export interface Env {
  BOOT: string
  UNTIL: number
  DEADLINE: number
  AFTER: number
  JOBS: string
  /** The login user: its number, and its group's. */
  OWNER: number
  OWNER_GROUP: number
  OWNER_NAME: string
  PATH: string
  KEEPER: string
}

export const bootId = () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
export const uptime = () => Math.floor(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]))

/** Lays down the folder of an armed revert; its time is over unless `env` says otherwise. */
export function layDown(
  undos: readonly PlannedChange['undo'][],
  o: { env?: Partial<Env>; begun?: string } = {},
): LaidDown {
  const root = mkdtempSync(join(tmpdir(), 'sitrep-revert-'))
  const folder = join(root, 'reverts', 'id')
  mkdirSync(folder, { recursive: true })
  const env = {
    ID: '0c8f1f5e-1111-4222-8333-444455556666',
    PATH: process.env.PATH ?? '',
    HOME: root,
    U: '022',
    W: root,
    AFTER: 60,
    JOBS: join(root, 'jobs'),
    OWNER: process.getuid?.() ?? 0,
    OWNER_GROUP: process.getgid?.() ?? 0,
    OWNER_NAME: userInfo().username,
    BOOT: bootId(),
    UNTIL: uptime() - 1,
    DEADLINE: Math.floor(Date.now() / 1000) - 1,
    KEEPER: '',
    UNIT: '',
    UNITS: '',
    ...o.env,
  }
  const lines = Object.entries(env).map(([name, value]) => `${name}='${value}'\n`)
  writeFileSync(join(folder, 'env'), lines.join(''))
  writeFileSync(join(folder, 'revert'), revertText({ undos, as: undefined, host: { path: [], env: {} } }))
  writeFileSync(
    join(folder, 'begun'),
    o.begun ?? undos.map((_, i) => `begun ${i} job-${i}\nended job-${i}\n`).join(''),
  )
  writeFileSync(join(folder, 'armed'), '')
  const program = join(folder, 'revert')
  return {
    folder,
    order: (...args) => {
      const said = execFileSync('sh', ['-c', 'sh "$@" || :', 'sh', program, ...args], { encoding: 'utf8' })
      return parseState(said, decoded) ?? { is: 'unknown', reason: said }
    },
    wait: () => {
      const child = spawn('sh', [program], { stdio: 'ignore', detached: true })
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
      return { child, ended }
    },
    is: (name) => existsSync(join(folder, name)),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  }
}

/** How arming goes on this machine: as on a host where nothing is needed for a reboot, or as on one that has no way. */
export type Arming = 'armed' | 'refused'

/**
 * The context of a run whose reverts are armed without a service: the real script but for what survives a reboot, which
 * would change this machine. `deaf` says of which orders the host hears nothing.
 */
export function armsHere(
  running: RunContext,
  o: { arming?: Arming; deaf?: (order: string) => boolean } = {},
): RunContext {
  const place = /# Who starts it again[\s\S]*?\nUNIT=[^\n]*\n/
  const keeper =
    (o.arming ?? 'armed') === 'armed'
      ? 'KEEPER=none UNIT= UNITS=\n'
      : 'fail "it would not survive a reboot: no systemd, and there is no crontab"\n'
  const start = 'case $KEEPER in\n  none) setsid sh "$D/revert" </dev/null >/dev/null 2>&1 & ;;\n'
  return {
    ...running,
    session: async (name) => {
      const session = await running.session(name)
      return {
        ...session,
        job: (id, command, options) => {
          const [sh, c, text = '', ...rest] = command.argv
          if (command.shown?.startsWith('sitrep: arm') !== true || sh === undefined || c === undefined)
            return session.job(id, command, options)
          const here = text
            .replace(place, () => keeper)
            .replace('\ncase $KEEPER in\n  cron)', () => `\n${start}  cron)`)
          return session.job(id, { ...command, argv: [sh, c, here, ...rest] }, options)
        },
        run: async (command, options) => {
          const order = command.shown?.replace(/^sitrep: revert /, '')
          if (order === undefined || order === command.shown || o.deaf?.(order) !== true)
            return session.run(command, options)
          const none = { bytes: new Uint8Array(), total: 0, cut: false }
          return { endedBy: 'lost', stdout: none, stderr: none, ms: 0, problem: 'the link was lost' }
        },
      }
    },
  }
}
