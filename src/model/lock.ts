/*
 * Locks on a host (protocol.md, "Locks"): one step at a time has a resource to itself, over all consoles and users of the
 * host. `hosts/lock` carries them out, `run/locks.ts` decides about them.
 */

/** Who wants a resource, and for what. */
export interface LockRequest {
  /** Unique; taking it again under the same id is no second lock. */
  id: string
  /** `file:/etc/caddy/Caddyfile`, `pm2:core`, `step:core-pm2/restart`; all or none are taken. */
  resources: readonly string[]
  /** `ana@laptop`. */
  by: string
  incident: string
  step: string
  /** The ids of the locks of other holders that are taken over. */
  over?: readonly string[]
  /** True where it is asked for together with a look, and may be given back at once: others wait a moment for that. */
  looks?: boolean
  /** True where nothing but the job that takes it shall hold it: it is over when the job is. */
  alone?: boolean
  /** Where it was taken before: so many seconds ago. It is refused where another had one of its resources since. */
  joins?: number
  /** How long it outlives a link that says nothing, in seconds; 30 where absent. */
  seconds?: number
}

/** Who has a resource. */
export interface LockHolder {
  /** The lock's id. */
  lock: string
  resource: string
  by: string
  incident: string
  step: string
  /** ISO 8601 UTC by the clock of the host. */
  since: string
  /** True where a command of the holder is at work on the host now. */
  running: boolean
}

/** A lock that is ours until it is released, or until its link is lost and nothing of ours runs there any more. */
export interface HeldLock {
  id: string
  resources: readonly string[]
  /** Whom it can't keep out, in words; absent where it keeps out everybody on the host. */
  unexcluded?: string
  /** The holders that it was taken over from. */
  over: readonly LockHolder[]
  /** Seconds since another had one of the resources, where that is less than a minute. */
  recent?: number
  /** What a job of it joins it with. */
  joining(): LockRequest
  /** One that was asked for with `looks` is kept from now on. */
  keep(): void
  /** Gives it back; where a job of it still runs, it is that job's until it ends. Never rejects. */
  release(): Promise<void>
}

/** What came of asking for a lock. */
export type LockAnswer =
  | { is: 'ours'; lock: HeldLock }
  | { is: 'theirs'; holder: LockHolder }
  | { is: 'failed'; reason: string }

/** Who has what, since when, for what, and which lock it is, in one line. */
export function sayHolder({ lock, resource, by, incident, step, since, running }: LockHolder): string {
  const work = running ? 'a command of it runs on the host' : 'no command of it runs on the host just now'
  return `${by} has ${resource} since ${since}, for ${step} in ${incident} (lock ${lock}; ${work})`
}
