import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { EventData, EventRecord, EventType } from '../../../src/model/event.ts'
import { type Tmux, tmux } from '../../helpers/tmux.ts'
import { type Desk, program } from './sitrep.ts'

/** A person at a terminal who typed `sitrep …` into a shell. */
export interface Sitting extends AsyncDisposable {
  t: Tmux
  /** The process id of sitrep. */
  pid(): Promise<number>
  /** What sitrep wrote on stderr. */
  stderr(): string
  /** Leaves by ctrl-c and enter, and looks that the terminal is as it was. Gives what stderr says. */
  leave(): Promise<string>
}

/** What stands at the place of the answer once keys count. */
export const approves = /enter approves this, on /
export const yourTurn = /y it is done/

/** Starts sitrep in tmux from a shell, at a size. */
export async function sit(
  at: Desk,
  args: readonly string[],
  o: { columns?: number; rows?: number; env?: Record<string, string>; raw?: string } = {},
): Promise<Sitting> {
  const errors = join(at.cwd, `stderr-${Math.random().toString(36).slice(2)}`)
  const terminal = await tmux({
    // The last word is a shell's: what sitrep says on stderr is kept apart from what it draws.
    command: ['sh', '-c', '"$@" 2>"$0"', errors, ...program, ...args],
    cwd: at.cwd,
    env: { ...at.env, ...o.env },
    columns: o.columns ?? 80,
    rows: o.rows ?? 24,
    shell: true,
    ...(o.raw === undefined ? {} : { raw: o.raw }),
  })
  const stderr = () => (existsSync(errors) ? readFileSync(errors, 'utf8') : '')
  // A screen that is not as expected is often explained by what sitrep said last.
  const told = <T>(wait: Promise<T>) =>
    wait.catch((cause: unknown) => {
      throw new Error(`${cause instanceof Error ? cause.message : cause}\nstderr: ${stderr()}`, { cause })
    })
  const t: Tmux = {
    ...terminal,
    see: (pattern, ms) => told(terminal.see(pattern, ms)),
    gone: (pattern, ms) => told(terminal.gone(pattern, ms)),
  }
  return {
    t,
    stderr,
    pid: async () => {
      const pane = Number(await t.value('#{pane_pid}'))
      const found = descendants(pane).find(
        ({ args }) => args.includes('bin/sitrep') && !args.startsWith('sh '),
      )
      if (!found) throw new Error('sitrep is not running')
      return found.pid
    },
    leave: async () => {
      await t.press('C-c')
      await t.see(/Leave sitrep/)
      await t.press('Enter')
      await t.see(/^ready>$/m)
      expect(await t.value('#{alternate_on} #{cursor_flag}')).toBe('0 1')
      await t.type('echo "typed $((40 + 2))"')
      await t.press('Enter')
      await t.see(/^typed 42/m)
      return stderr()
    },
    [Symbol.asyncDispose]: () => t.kill(),
  }
}

/** The processes under `pid`, however deep. */
function descendants(pid: number): { pid: number; args: string }[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const [, own, parent, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
      return args === undefined ? [] : [{ pid: Number(own), parent: Number(parent), args }]
    })
  const under = (parent: number): { pid: number; args: string }[] =>
    rows.filter((row) => row.parent === parent).flatMap((row) => [row, ...under(row.pid)])
  return under(pid)
}

/** What is journaled so far of an incident (the newest without one), by all writers, in their common order. */
export function journal(at: Desk, incident = at.incident()): EventRecord[] {
  const folder = join(at.home, 'incidents', incident, 'journal')
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => at.events(whole(readFileSync(join(folder, name), 'utf8'))))
    .toSorted((a, b) => (`${a.hlc} ${a.writer}` < `${b.hlc} ${b.writer}` ? -1 : 1))
}

/** Up to the last line that is complete: a writer may be at work. */
function whole(text: string): string {
  return text.slice(0, text.lastIndexOf('\n') + 1)
}

/** The data of the journaled events of one type. */
export function journaled<T extends EventType>(at: Desk, type: T): EventData<T>[] {
  return journal(at)
    .filter((record) => record.type === type)
    .map(({ data }) => data as EventData<T>)
}

/** Waits until `holds` gives something. */
export async function until<T>(
  holds: () => T | undefined | false | Promise<T | undefined | false>,
  ms = 10_000,
): Promise<T> {
  const end = Date.now() + ms
  for (;;) {
    const found = await holds()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** True where every row fits, and there is one status line and one footer: no remains of another frame. */
export function isSane(screen: string, columns: number, rows: number): boolean {
  const lines = screen.split('\n')
  return (
    lines.length === rows &&
    lines.every((line) => [...line].length <= columns) &&
    /\d\d:\d\d:\d\d UTC$/.test(lines[0] ?? '') &&
    screen.match(/\d\d:\d\d:\d\d UTC$/gm)?.length === 1 &&
    /\? help$/.test(lines.at(-1) ?? '') &&
    screen.match(/\? help$/gm)?.length === 1
  )
}

/** Fails with the screen where it is not sane. */
export function expectSane(screen: string, columns: number, rows: number): void {
  expect(isSane(screen, columns, rows), `not sane at ${columns}×${rows}:\n${screen}`).toBe(true)
}
