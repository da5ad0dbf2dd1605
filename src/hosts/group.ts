import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from '../model/command.ts'
import { execute } from './execute.ts'
import type { Machine } from './machine.ts'

/** One process of the host, as a look sees it. */
export interface Process {
  pid: number
  parent: number
  group: number
  session: number
  state: string
  /** Ticks since boot or a date: tells a process from a later one with the same pid. */
  born: string
  name: string
}

/** Linux's /proc, read by the shell alone (a small host has no ps); ps elsewhere. */
const lookText = `if [ -r /proc/self/stat ]; then cat /proc/[0-9]*/stat 2>/dev/null; :
else ps -A -o pid=,ppid=,pgid=,sess=,stat=,lstart=,comm= | sed 's/^/ps /'; fi`

/** Reads what `lookText` prints. */
export function parseProcesses(text: string): Process[] {
  return text.split('\n').flatMap((line) => {
    const proc = /^(\d+) \((.*)\) (\S) (\d+) (\d+) (\d+) (?:\S+ ){15}(\d+)/s.exec(line)
    if (proc) {
      const [, pid, name = '', state = '', parent, group, session, born = ''] = proc
      return [
        {
          pid: Number(pid),
          parent: Number(parent),
          group: Number(group),
          session: Number(session),
          state,
          born,
          name,
        },
      ]
    }
    const ps = /^ps +(\d+) +(\d+) +(\d+) +(\S+) +(\S+) +(\S+ +\S+ +\S+ +\S+ +\S+) +(.*)$/.exec(line)
    if (!ps) return []
    const [, pid, parent, group, , state = '', born = '', name = ''] = ps
    // macOS prints no session number that can be used; the group stands for it.
    return [
      {
        pid: Number(pid),
        parent: Number(parent),
        group: Number(group),
        session: Number(group),
        state,
        born,
        name,
      },
    ]
  })
}

/**
 * The living processes of a group: those in it, those in its session, and what a sudo among them started (with use_pty it
 * puts its command into a session of its own).
 */
export function members(processes: readonly Process[], group: number): Process[] {
  const found = new Set(processes.filter((p) => p.group === group || p.session === group))
  for (let grown = true; grown; ) {
    const sudos = new Set([...found].filter((p) => /(^|\/)sudo$/.test(p.name)).map((p) => p.pid))
    const sessions = new Set([...found].filter((p) => p.session !== group).map((p) => p.session))
    const more = processes.filter((p) => !found.has(p) && (sudos.has(p.parent) || sessions.has(p.session)))
    for (const p of more) found.add(p)
    grown = more.length > 0
  }
  return [...found].filter((p) => !p.state.startsWith('Z'))
}

/** How a group's end came out, after a look. */
export interface GroupEnd {
  gone: boolean
  detail: string
}

/**
 * Ends a whole process group: TERM as its own user, wait by looking, KILL, look again. It is gone only when a look says
 * so; what is left is named.
 */
export async function endGroup(
  machine: Machine,
  o: { group: number; as?: string; gentleMs?: number },
): Promise<GroupEnd> {
  const seen = new Map<number, Process>()
  const look = async (): Promise<Process[]> => {
    const all = await processes(machine)
    const same = all.filter((p) => seen.get(p.pid)?.born === p.born && !p.state.startsWith('Z'))
    const now = [...new Set([...members(all, o.group), ...same])]
    for (const p of now) seen.set(p.pid, p)
    return now
  }
  let left = await look()
  for (const [signal, patience] of [
    ['TERM', o.gentleMs ?? machine.gentleMs ?? 5000],
    ['KILL', 3000],
  ] as const) {
    if (left.length === 0) break
    await send(machine, signal, left, o)
    const until = Date.now() + patience
    for (let pause = 20; Date.now() < until; pause = Math.min(pause * 2, 500)) {
      left = await look()
      if (left.length === 0) break
      await sleep(pause)
    }
  }
  if (left.length === 0) return { gone: true, detail: `no process of group ${o.group} is left` }
  return { gone: false, detail: left.map((p) => `${p.name} (pid ${p.pid})`).join(', ') }
}

async function processes(machine: Machine): Promise<Process[]> {
  const command = { argv: ['sh', '-c', lookText] }
  const result = await execute(machine, command, {
    abandon: true,
    timeoutMs: 10_000,
    limit: 16 * 1024 * 1024,
  })
  if (result.endedBy !== 'exit') throw new Error(result.problem ?? 'the host could not be looked at')
  return parseProcesses(Buffer.from(result.stdout.bytes).toString('utf8'))
}

async function send(
  machine: Machine,
  signal: 'TERM' | 'KILL',
  targets: readonly Process[],
  o: { group: number; as?: string },
): Promise<void> {
  const inGroup = targets.some((p) => p.group === o.group)
  const pids = targets.map((p) => String(p.pid))
  const command: Command = {
    argv: [
      'sh',
      '-c',
      'for p in "$@"; do kill -s "$0" -- "$p" 2>/dev/null; done; :',
      signal,
      ...(inGroup ? [`-${o.group}`] : []),
      ...pids,
    ],
  }
  // The step's own user first: the login user may not signal what runs as another.
  const users = o.as === undefined ? [undefined] : [o.as, undefined]
  for (const as of users) {
    await execute(
      machine,
      { ...command, ...(as === undefined ? {} : { as }) },
      { abandon: true, timeoutMs: 30_000 },
    )
  }
}
