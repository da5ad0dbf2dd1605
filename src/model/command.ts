import type { Host, HostState } from './host.ts'
import type { LockAnswer, LockHolder, LockRequest } from './lock.ts'
import type { SecretRef, Text } from './secret.ts'

/** Lower-case hex sha256, 64 characters, without a prefix. */
export type Sha256 = string

/** What goes to a command's stdin: text (secrets as references), or bytes as base64. */
export type Payload = Text | { base64: string }

/** One command as data: serialisable, and without any secret value. */
export interface Command {
  argv: string[]
  /** What a person would type for it, where argv is a script of ours; only for showing. */
  shown?: string
  cwd?: string
  env?: Record<string, string>
  /** Environment variables whose values are secrets; they reach the host on stdin, never in argv or an env prefix. */
  secrets?: Record<string, SecretRef>
  /** The user to run as, by sudo; the login user where absent. */
  as?: string
  stdin?: Payload
  /** Milliseconds until the whole process group is ended; the caller's default where absent. */
  timeoutMs?: number
}

/** What a command printed on one stream, bounded at 1 MiB in memory (head kept). Parsers read bytes; people read `text` of the sink pipe. */
export interface Output {
  bytes: Uint8Array
  /** Bytes that the command printed in all. */
  total: number
  cut: boolean
  artifact?: Sha256
}

/** How a command came to its end. `lost`: the link ended first, the outcome is not known. */
export type EndedBy = 'exit' | 'signal' | 'timeout' | 'cancel' | 'lost'

/** A finished command. A failure has the same shape as a success, with the reason in it. */
export interface RunResult {
  endedBy: EndedBy
  exitCode?: number
  signal?: string
  stdout: Output
  stderr: Output
  /** Wall time in milliseconds. */
  ms: number
  /** A cause that is not the command's own exit, in words: 'sudo: wrong password', 'job folder: no space left', 'host was rebooted'. */
  problem?: string
  /** `no`: the command surely never ran. `perhaps`: the link was lost before the host said that it knows the job. */
  began?: 'no' | 'perhaps'
  /** The job's folder went while it was followed: who removed it has most likely recorded how it ended. */
  removed?: true
  /** The holder of a lock that the job wanted: it was not started. */
  lockedBy?: LockHolder
}

/** Gets each chunk as it arrives. */
export type OutputListener = (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void

export interface RunOptions {
  timeoutMs?: number
  signal?: AbortSignal
  onOutput?: OutputListener
}

/** How a changing command is run. */
export interface JobOptions extends RunOptions {
  /** What it must have to itself: taken (or joined, where it is ours already) as it starts, and held by the job itself. */
  lock?: LockRequest
  /** Only attaches to what is there; where nothing is, `done` says so (`lost`, `removed`), and nothing starts. */
  attach?: boolean
  /** True where its end is known by now: its order is not given once more then. */
  over?(): boolean
}

/** Looks at a machine without changing it. */
export interface Reader {
  /** Runs a read-only command. A command that fails is a result, not an exception; a session that is lost gives `endedBy: 'lost'`. */
  run(command: Command, o?: RunOptions): Promise<RunResult>
  /** The file's bytes, whole (at most 16 MiB); throws SitrepError('failed') with the host's own words where it can't be read. */
  read(path: string, o?: { as?: string }): Promise<Uint8Array>
}

/** A changing command that runs on the host by itself; see docs/security.md for what survives a lost link. */
export interface Job {
  id: string
  /** Why it was not started: what it wanted to have to itself is another's, or could not be locked. `done` says so too. */
  refused?: string
  /** Settles when the job's exit is known, or when it can't be known (`lost`). Never rejects for what the command did. */
  done: Promise<RunResult>
  /** Ends the whole process group (TERM, then KILL), and says after a look whether it is gone. */
  cancel(): Promise<{ gone: boolean; detail: string }>
  /**
   * Removes the job's folder on the host; called when its result is journaled. `later`: together with those of other jobs, in
   * a moment, or when the session is closed.
   */
  remove(o?: { later?: boolean }): Promise<void>
}

/** What is known of a job that another process (or an earlier one) may have started. */
export type JobState =
  | { is: 'not_started' }
  | { is: 'running' }
  | { is: 'done'; result: RunResult }
  | { is: 'unknown'; reason: string }

/** A job whose folder is on a host. */
export interface JobListing {
  id: string
  /** ISO 8601 UTC by the clock of the host, where it tells. */
  since?: string
  /** The first line of its command, as the host holds it. */
  command: string
  is: 'running' | 'done' | 'unknown'
  exitCode?: number
  /** Why it is unknown. */
  reason?: string
  /** Milliseconds since it was begun, by the clock of the host, where it tells. */
  ageMs?: number
  /** Nothing was begun under the id: the folder keeps an order that comes late from starting. */
  unbegun?: true
  /** Removes its folder. */
  remove(): Promise<void>
}

/** Takes the chunks of a followed command. */
export interface LogSink {
  chunk: OutputListener
  /** Called once; nothing comes after it. */
  end(reason: string): void
}

/** A command whose output is followed until it is stopped. */
export interface Following {
  stop(): Promise<void>
  ended: Promise<void>
}

/** An open way to one host. */
export interface Session extends Reader, AsyncDisposable {
  host: Host
  state(): HostState
  onState(listener: (state: HostState) => void): () => void
  /** Starts a changing command at most once by its id (the id of its journaled `step.started` event). */
  job(id: string, command: Command, o?: JobOptions): Promise<Job>
  /**
   * Looks what became of a job. With `claim`, one that the host does not know is kept from ever starting: `not_started` then
   * holds for good, for its id is taken.
   */
  jobState(id: string, o?: { claim?: boolean }): Promise<JobState>
  /** The jobs of the login user whose folders are on the host; throws where it does not answer. */
  jobs(): Promise<JobListing[]>
  follow(command: Command, sink: LogSink): Following
  /** Takes resources of the host for as long as the link lives and the lock is not released. */
  lock(request: LockRequest): Promise<LockAnswer>
}
