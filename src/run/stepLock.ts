import { performance } from 'node:perf_hooks'
import type { Session } from '../model/command.ts'
import { SitrepError } from '../model/errors.ts'
import type { HeldLock, LockAnswer, LockHolder, LockRequest } from '../model/lock.ts'
import type { RunContext } from './context.ts'
import { neverBegan } from './left.ts'
import type { Locks } from './locks.ts'
import { mayTakeOver } from './takeOver.ts'

/** The resource is another's: nothing more of ours is started. */
export class LockedOut extends Error {
  override name = 'LockedOut'
  readonly holder: LockHolder
  /** True where a part of the step was carried out before its lock was another's. */
  readonly begun: boolean
  /** True where a person was asked, and ends the run. */
  readonly stops: boolean
  constructor(holder: LockHolder, { begun = false, stops = false } = {}) {
    super(`locked by ${holder.by}`)
    this.holder = holder
    this.begun = begun
    this.stops = stops
  }
}

/** What one step has to itself on one host, from its last inspection to its verdict. */
export interface StepLock {
  /**
   * The run's context, whose jobs on this host hold the lock. Where `looking` is given, the lock is asked for with the first
   * look at the host, so that both cost one round trip.
   */
  context(o?: { looking: true }): RunContext
  /** True once it was asked for. */
  asked(): boolean
  /** True where the host was looked at through one of these contexts. */
  looked(): boolean
  /**
   * Has the lock, asked for now or before; throws LockedOut where it is another's. `sound` is false where a look that was
   * made since it was asked for may have seen what another did.
   */
  have(): Promise<{ sound: boolean }>
  /**
   * Only the job shall hold it, asked for as it starts. False where it may have to be taken over first: the holder is then
   * asked about, and recorded, before anything starts.
   */
  alone(): boolean
  /** Records that it is ours, where it is by now. */
  keep(): Promise<void>
  /** Gives it back, without waiting for the host. */
  end(): Promise<void>
}

/** The lock of a step on a host; nothing is asked for yet. */
export function createStepLock(
  run: RunContext,
  locks: Locks,
  unit: { step: string; host: string; title: string; resources: readonly string[] },
): StepLock {
  const { step, host } = unit
  const ref = { run: run.run, step, host }
  const { by, runbook, seconds } = locks
  const request: LockRequest = {
    id: crypto.randomUUID().slice(0, 8),
    resources: [...new Set([...unit.resources, `step:${runbook}/${step}`])],
    by,
    incident: run.incident,
    step: `${runbook}/${step}`,
    ...(seconds === undefined ? {} : { seconds }),
  }
  let looked = false
  let begun = false
  let asked: { at: number; answer: Promise<LockAnswer> } | undefined
  let held: HeldLock | undefined
  let alone = false
  let recording = false
  let recorded = false

  const ask = (session: Session, looks: boolean): Promise<LockAnswer> => {
    if (asked !== undefined) return asked.answer
    // What this run is just giving back is not in its own way.
    const before = [...(locks.giving.get(host) ?? [])]
    const answer = Promise.all(before).then(() => session.lock({ ...request, looks }))
    // Whoever looks at it gets the failure; until then nobody does.
    answer.catch(() => undefined)
    asked = { at: performance.now(), answer }
    locks.own.set(request.id, undefined)
    return answer
  }
  const record = async (): Promise<void> => {
    if (recording) return
    recording = true
    const { id: lock, resources } = request
    const over = held?.over ?? []
    const overs = over.map(({ lock: old, resource, by: holder, incident, since }) =>
      run.append('lock.taken_over', { ...ref, lock, over: old, resource, holder, incident, since }),
    )
    const unexcluded = held?.unexcluded === undefined ? {} : { unexcluded: held.unexcluded }
    await Promise.all([
      ...overs,
      run.append('lock.taken', { ...ref, lock, resources: [...resources], ...unexcluded }),
    ])
    recorded = true
  }
  const locking = (session: Session, looking: boolean): Session => {
    const first = () => {
      looked = true
      if (looking) void ask(session, true)
    }
    return {
      ...session,
      run: (command, o) => {
        first()
        return session.run(command, o)
      },
      read: (path, o) => {
        first()
        return session.read(path, o)
      },
      job: async (id, command, o) => {
        const lock = held?.joining() ?? (alone ? { ...request, alone } : undefined)
        if (alone) locks.own.set(request.id, undefined)
        const job = await session.job(id, command, lock === undefined ? o : { ...o, lock })
        if (alone && job.refused === undefined) await record().catch(unlessRecording)
        return job
      },
    }
  }
  return {
    asked: () => asked !== undefined,
    looked: () => looked,
    context: (o) => ({
      ...run,
      session: async (name) => {
        const session = await run.session(name)
        return name === host ? locking(session, o?.looking === true) : session
      },
      carry: async (change, id, deps) => {
        const result = await run.carry(change, id, {
          ...deps,
          journaled: (ended, after) =>
            deps.journaled(
              ended.lockedBy === undefined ? ended : { ...ended, endedBy: 'cancel', problem: neverBegan },
              after,
            ),
        })
        if (result.lockedBy !== undefined) throw new LockedOut(result.lockedBy, { begun })
        begun = true
        return result
      },
    }),
    async have() {
      const session = await run.session(host)
      let answer = await ask(session, false)
      const from = asked?.at ?? performance.now()
      const over: string[] = []
      const waited = new Set<string>()
      while (answer.is === 'theirs') {
        const { holder } = answer
        // Another name of this host, on which a step of ours has just ended.
        const given = locks.own.get(holder.lock)
        if (given !== undefined && !waited.has(holder.lock)) {
          waited.add(holder.lock)
          await given
        } else {
          const may = over.includes(holder.lock) ? 'no' : await mayTakeOver(run, locks, unit, holder)
          if (may !== 'yes') throw new LockedOut(holder, { stops: may === 'stop' })
          over.push(holder.lock)
        }
        answer = await session.lock({ ...request, over })
        asked = { at: from, answer: Promise.resolve(answer) }
      }
      if (answer.is === 'failed') {
        throw new SitrepError(
          'failed',
          `what the step must have to itself could not be locked: ${answer.reason}`,
          {
            where: host,
            next: 'nothing was changed; look at the host with sitrep doctor',
          },
        )
      }
      held = answer.lock
      const since = (performance.now() - from) / 1000
      return {
        sound: over.length + waited.size === 0 && (held.recent === undefined || held.recent > since + 1),
      }
    },
    alone() {
      alone = run.asksPerson !== true && locks.takeOver.length === 0
      return alone
    },
    async keep() {
      if (held === undefined) return
      held.keep()
      await record()
    },
    async end() {
      const answer = await asked?.answer.catch(() => undefined)
      const lock = held ?? (answer?.is === 'ours' ? answer.lock : undefined)
      if (lock === undefined && !recorded) return
      const all = locks.giving.get(host) ?? new Set()
      locks.giving.set(host, all)
      const given = (async () => {
        await lock?.release()
        // Its end is no beginning: where even that can't be recorded, the run is told so by what it does next.
        if (recorded) await run.append('lock.released', { ...ref, lock: request.id }).catch(unlessRecording)
      })().finally(() => all.delete(given))
      all.add(given)
      locks.own.set(request.id, given)
    },
  }
}

/** The start of the job was recorded, and its result will meet the same failure. */
function unlessRecording(error: unknown): void {
  if (!(error instanceof SitrepError) || error.kind !== 'recording') throw error
}
