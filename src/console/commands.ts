import type { Fleet } from '../compose/fleet.ts'
import type { OpenIncident } from '../compose/incident.ts'
import type { Room } from '../console.types.ts'
import { messageOf } from '../model/errors.ts'
import { recordCommand } from '../run/begun.ts'
import { runJob } from '../run/carry/job.ts'
import { keeping } from '../run/keep.ts'

/** How long an ad hoc command may run, in milliseconds. */
const limit = 60_000

/** The ad hoc commands of a room: each is journaled before it starts, and runs as a job that the host knows by its event. */
export interface Commands {
  run(fleet: Fleet, hosts: readonly string[], text: string): Promise<void>
  /** Ends every one that runs. */
  cancel(): void
  busy(): boolean
  /** Settles when none runs any more. */
  ended(): Promise<void>
}

type Running = NonNullable<Room['commands']>[number]

/** Makes them; `show` is called with those that run whenever that changes. */
export function createCommands(o: {
  incident: OpenIncident
  tell(text: string, bad?: boolean): void
  show(running: Running[]): void
}): Commands {
  const { incident, tell, show } = o
  const running = new Map<Running, { abort: AbortController; done: Promise<void> }>()
  const shown = () => show([...running.keys()])

  async function one(fleet: Fleet, host: string, text: string, signal: AbortSignal): Promise<void> {
    const session = await fleet.session(host)
    if (signal.aborted) return tell(`${host}: cancelled before it started`, true)
    const { id } = await incident.append('command.started', { host, command: text })
    const command = { argv: ['sh', '-c', text] }
    const record = { append: incident.append, text: (bytes: Uint8Array) => incident.pipe.bytes(bytes) }
    // What may still run, or can't be seen, keeps its folder: the host's own record of it.
    const result = await keeping(incident.keep, (keeper) =>
      runJob(session, id, command, {
        signal,
        timeoutMs: limit,
        onOutput: keeper.chunk,
        journaled: async (ended) => recordCommand(record, { id, host, text }, ended, await keeper.end()),
      }),
    )
    const well = result.endedBy === 'exit' && result.exitCode === 0
    const how = result.problem ?? (result.endedBy === 'exit' ? `exit ${result.exitCode}` : result.endedBy)
    tell(`${host}: ${how}`, !well)
  }

  /** Rejects with what kept it from running or from being recorded. */
  async function start(fleet: Fleet, host: string, text: string): Promise<void> {
    const entry: Running = { host, text, since: new Date().toISOString() }
    const abort = new AbortController()
    const work = one(fleet, host, text, abort.signal).finally(() => {
      running.delete(entry)
      shown()
    })
    running.set(entry, { abort, done: work.catch(() => undefined) })
    shown()
    return work
  }

  return {
    run: async (fleet, hosts, text) => {
      if (incident.stopped() !== undefined) await incident.requireRecording()
      const ends = await Promise.allSettled(hosts.map((host) => start(fleet, host, text)))
      const failed = ends.filter((end) => end.status === 'rejected')
      if (failed.length > 1) for (const { reason } of failed) tell(messageOf(reason), true)
      if (failed[0] !== undefined) throw failed[0].reason
    },
    cancel: () => {
      for (const { abort } of running.values()) abort.abort()
    },
    busy: () => running.size > 0,
    ended: async () => void (await Promise.all([...running.values()].map(({ done }) => done))),
  }
}
