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

/** Looks also at who has a job's output open: a process that left the job's session and its parents, but not its streams. */
const holdersText = `ls -l /proc/[0-9]*/fd/1 /proc/[0-9]*/fd/2 2>/dev/null | while IFS= read -r l; do
  case $l in *" -> $0/out"|*" -> $0/err") l=\${l##*/proc/}; printf 'holds %s\\n' "\${l%%/*}";; esac
done`

/** Reads the numbers that `holdersText` prints. */
export function parseHolders(text: string): Set<number> {
  return new Set([...text.matchAll(/^holds (\d+)$/gm)].map(([, pid]) => Number(pid)))
}

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
 * The living processes of a group: those in it, those in its session, those that have its output open (`holders`), and
 * whatever these started, also in a session of its own (setsid; sudo with use_pty). Who left all of this is not found.
 */
export function members(
  processes: readonly Process[],
  group: number,
  holders: ReadonlySet<number> = new Set(),
): Process[] {
  const found = new Set(
    processes.filter((p) => p.group === group || p.session === group || holders.has(p.pid)),
  )
  for (let grown = true; grown; ) {
    const parents = new Set([...found].map((p) => p.pid))
    const sessions = new Set([...found].filter((p) => p.session === p.pid).map((p) => p.session))
    const more = processes.filter((p) => !found.has(p) && (parents.has(p.parent) || sessions.has(p.session)))
    for (const p of more) found.add(p)
    grown = more.length > 0
  }
  return [...found].filter((p) => !p.state.startsWith('Z'))
}

/** Those whom a sudo among them has started. */
export function belowSudo(processes: readonly Process[]): Process[] {
  const below = new Set<number>()
  const isSudo = (p: Process) => /(^|\/)sudo$/.test(p.name)
  for (let before = -1; before !== below.size; ) {
    before = below.size
    for (const p of processes) {
      const parent = processes.find(({ pid }) => pid === p.parent)
      if (parent && !isSudo(p) && (isSudo(parent) || below.has(parent.pid))) below.add(p.pid)
    }
  }
  return processes.filter(({ pid }) => below.has(pid))
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
  o: {
    group: number
    as?: string
    gentleMs?: number
    /** The job's folder: who has its output open is ended, too. */
    folder?: string
  },
): Promise<GroupEnd> {
  const seen = new Map<number, Process>()
  const look = async (): Promise<Process[]> => {
    const { all, holders } = await processes(machine, o.folder)
    const same = all.filter((p) => seen.get(p.pid)?.born === p.born && !p.state.startsWith('Z'))
    const now = [...new Set([...members(all, o.group, holders), ...same])]
    for (const p of now) seen.set(p.pid, p)
    return now
  }
  let left = await look()
  const stage = async (signal: 'TERM' | 'KILL', whom: () => Process[], patience: number) => {
    const targets = whom()
    if (targets.length === 0) return
    await send(machine, signal, targets, o)
    const until = Date.now() + patience
    for (let pause = 20; Date.now() < until; pause = Math.min(pause * 2, 500)) {
      left = await look()
      if (whom().length === 0) return
      await sleep(pause)
    }
  }
  await stage('TERM', () => left, o.gentleMs ?? machine.gentleMs ?? 5000)
  // A sudo that is killed leaves its command behind, with nobody to tell of it. Its command goes first, or both stay.
  await stage('KILL', () => belowSudo(left), 3000)
  if (belowSudo(left).length === 0) await stage('KILL', () => left, 3000)
  if (left.length === 0) return { gone: true, detail: `no process of group ${o.group} is left` }
  return { gone: false, detail: left.map((p) => `${p.name} (pid ${p.pid})`).join(', ') }
}

async function processes(
  machine: Machine,
  folder: string | undefined,
): Promise<{ all: Process[]; holders: Set<number> }> {
  const argv = ['sh', '-c', lookText]
  const command = { argv: folder === undefined ? argv : ['sh', '-c', `${lookText}\n${holdersText}`, folder] }
  const result = await execute(machine, command, {
    abandon: true,
    timeoutMs: 10_000,
    limit: 16 * 1024 * 1024,
  })
  if (result.endedBy !== 'exit') throw new Error(result.problem ?? 'the host could not be looked at')
  const text = Buffer.from(result.stdout.bytes).toString('utf8')
  return { all: parseProcesses(text), holders: parseHolders(text) }
}

async function send(
  machine: Machine,
  signal: 'TERM' | 'KILL',
  targets: readonly Process[],
  o: { group: number; as?: string },
): Promise<void> {
  // With the whole group also what joins it this moment; a part of it is named one by one.
  const inGroup = targets.some((p) => p.pid === o.group)
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
