import type { Job, RunOptions, Session } from '../model/command.ts'
import { SitrepError } from '../model/errors.ts'
import { hostWords } from './errors.ts'
import { execute } from './execute.ts'
import { follow } from './follow.ts'
import { attachJob as attach, type Offsets, startJob } from './job/job.ts'
import { jobState } from './job/state.ts'
import type { Machine } from './machine.ts'

/** A file that is read whole may be this long. */
const readLimit = 16 * 1024 * 1024

const machines = new WeakMap<Session, Machine>()

/** A session over any transport: they all behave the same, for all that differs is how a channel is opened. */
export function createSession(machine: Machine): Session {
  const session: Session = {
    host: machine.host,
    state: () => machine.transport.state(),
    onState: (listener) => machine.transport.onState(listener),
    run: (command, o) => execute(machine, command, o),
    read: (path, o) => readFile(machine, path, o?.as),
    job: (id, command, o) => startJob(machine, id, command, o),
    jobState: (id) => jobState(machine, id),
    follow: (command, sink) => follow(machine, command, sink),
    [Symbol.asyncDispose]: () => machine.transport.close(),
  }
  machines.set(session, machine)
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
