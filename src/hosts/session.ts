import type { Job, RunOptions, Session } from '../model/command.ts'
import { SitrepError } from '../model/errors.ts'
import { createErrands } from './errands.ts'
import { hostWords } from './errors.ts'
import { execute } from './execute.ts'
import { follow } from './follow.ts'
import { endGroup } from './group.ts'
import { attachJob as attach, type Offsets, startJob } from './job/job.ts'
import { listJobs } from './job/list.ts'
import { createRemovals } from './job/removals.ts'
import { jobState } from './job/state.ts'
import { createLanes } from './lanes/lanes.ts'
import { takeLock } from './lock/take.ts'
import type { Machine } from './machine.ts'

/** A file that is read whole may be this long. */
const readLimit = 16 * 1024 * 1024

const machines = new WeakMap<Session, Machine>()

/** What a session is made of; its lanes are its own. */
export type SessionParts = Omit<Machine, 'lanes'>

/** A session over any transport: they all behave the same, for all that differs is how a channel is opened. */
export function createSession(parts: SessionParts): Session {
  const { transport } = parts
  const machine: Machine = {
    ...parts,
    lanes: createLanes(transport, { endGroup: (group) => endGroup(machine, { group }) }),
  }
  const errands = createErrands()
  const removals = createRemovals(machine)
  const session: Session = {
    host: machine.host,
    state: () => transport.state(),
    onState: (listener) => transport.onState(listener),
    run: (command, o) => execute(machine, command, o),
    read: (path, o) => readFile(machine, path, o?.as),
    async job(id, command, o) {
      const job = await startJob(machine, id, command, o)
      return { ...job, remove: (o) => errands.run(o?.later === true ? removals.later(id) : job.remove()) }
    },
    jobState: (id, o) => jobState(machine, id, o),
    jobs: () => listJobs(machine),
    follow: (command, sink) => follow(machine, command, sink),
    async lock(request) {
      const answer = await takeLock(machine, request)
      if (answer.is !== 'ours') return answer
      const { lock } = answer
      return { ...answer, lock: { ...lock, release: () => errands.run(lock.release()) } }
    },
    async [Symbol.asyncDispose]() {
      removals.flush()
      await errands.done()
      machine.lanes.close()
      await transport.close()
    },
  }
  machines.set(session, machine)
  // A channel on this machine is there as soon as it is asked for.
  if (machine.host.transport !== 'local') machine.lanes.warm()
  return session
}

/**
 * Attaches to a job by its id and follows it from these offsets, without knowing its command; undefined where the host knows
 * no such job. `session.job` with the id of a job that is there attaches too, from the beginning.
 */
export async function attachJob(
  session: Session,
  id: string,
  o: RunOptions & { from?: Offsets } = {},
): Promise<Job | undefined> {
  const machine = machines.get(session)
  if (!machine) throw new TypeError('not a session of createSession')
  return attach(machine, id, o)
}

async function readFile(machine: Machine, path: string, as: string | undefined): Promise<Uint8Array> {
  const command = { argv: ['cat', '--', path], ...(as === undefined ? {} : { as }) }
  const result = await execute(machine, command, { limit: readLimit })
  if (result.endedBy === 'lost') {
    throw new SitrepError('unreachable', result.problem ?? 'the link was lost', { where: machine.host.name })
  }
  const where = `${machine.host.name}:${path}`
  if (result.exitCode !== 0 || result.problem !== undefined) {
    const said = result.problem ?? hostWords(Buffer.from(result.stderr.bytes).toString('utf8'))
    throw new SitrepError('failed', said || `the file could not be read (${result.endedBy})`, { where })
  }
  if (result.stdout.cut) throw new SitrepError('failed', 'the file is longer than 16 MiB', { where })
  return result.stdout.bytes
}
