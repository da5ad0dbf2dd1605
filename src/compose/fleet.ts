import { homedir, userInfo } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { type ClockWatch, watchClock } from '../hosts/clockOffset.ts'
import { connect } from '../hosts/connect.ts'
import { createLocalSession } from '../hosts/local.ts'
import { createPool } from '../hosts/pool.ts'
import type { Prompter } from '../hosts/prompter.ts'
import { createSharedLinks } from '../hosts/shared.ts'
import { completeHost } from '../inventory/complete.ts'
import { type ClockOffset, isNews } from '../model/clock.ts'
import type { Session } from '../model/command.ts'
import { SitrepError } from '../model/errors.ts'
import type { Append } from '../model/event.ts'
import type { Host, HostState, LinkTimes } from '../model/host.ts'
import type { SecretStore } from '../model/secret.ts'
import { hostRecorder } from './hostEvents.ts'
import { passwordsOf } from './passwords.ts'

/** The sessions to the hosts of one run, opened when they are first wanted, and journaled. */
export interface Fleet extends AsyncDisposable {
  host(name: string): Host
  session(name: string): Promise<Session>
  /** This machine. */
  local: Session
  state(name: string): HostState
}

/**
 * How long a fleet that is closed waits for a host's first measurement, in milliseconds. It went out with the first command,
 * so only the run that looked at next to nothing, or a host that is slow to tell its time, needs it at all.
 */
const clockPatience = 250

/** Makes the fleet of these hosts; nothing is connected yet. What an entry does not say comes from OpenSSH's configuration. */
export async function createFleet(o: {
  hosts: readonly Host[]
  secrets: SecretStore
  append?: Append
  prompter?: Prompter
  /** Beside those of each host's own entry, which win. */
  times?: Partial<LinkTimes>
  onState?(host: string, state: HostState): void
  /** Gives up what is still being opened; the sessions that are open go on until the fleet is closed. */
  signal?: AbortSignal
  /** How often each host's clock is measured while its session is open, in milliseconds; every 5 minutes where absent. */
  clocksEveryMs?: number
}): Promise<Fleet> {
  const hosts = new Map<string, Host>()
  for (const host of await Promise.all(o.hosts.map((host) => completeHost(host)))) hosts.set(host.name, host)
  const passwords = passwordsOf(o)
  const shared = createSharedLinks()
  const pending = new Set<Promise<unknown>>()
  // A record that can't be written is told by the next append that somebody waits for.
  const recording = (recorded: Promise<unknown>) => {
    const settled = recorded.catch(() => undefined)
    pending.add(settled)
    void settled.then(() => pending.delete(settled))
  }
  let closing = false
  const recorder = o.append === undefined ? undefined : hostRecorder(o.append, recording)
  const clocks = new Map<string, ClockOffset>()
  const watches = new Set<ClockWatch>()
  // Beside everything else: nobody waits for a measurement, and one that fails is made again later.
  const watch = (host: Host, session: Session) => {
    const { append } = o
    if (append === undefined || host.transport === 'local') return
    const watching = watchClock(session, {
      everyMs: o.clocksEveryMs ?? 300_000,
      onOffset: (offset) => {
        if (closing || !isNews(clocks.get(host.name), offset)) return
        clocks.set(host.name, offset)
        recording(append('host.clock', { host: host.name, ...offset }))
      },
    })
    watches.add(watching)
    void watching.ended.then(() => watches.delete(watching))
  }
  const pool = createPool({
    ...(o.signal === undefined ? {} : { signal: o.signal }),
    connect: async (host, opening) => {
      const session = await connect(host, {
        ...opening,
        secrets: o.secrets,
        passwords,
        shared,
        ...(o.prompter === undefined ? {} : { prompter: o.prompter }),
        ...(o.times === undefined ? {} : { times: o.times }),
        ...(recorder === undefined ? {} : { onEvent: recorder.event }),
      })
      watch(host, session)
      return session
    },
    onState: (host, state) => {
      if (!closing) recorder?.state(host, state)
      o.onState?.(host, state)
    },
  })
  const hostOf = (name: string): Host => {
    const host = hosts.get(name)
    if (host === undefined) throw new SitrepError('usage', `unknown host ${name}`)
    return host
  }
  return {
    host: hostOf,
    session: (name) => pool.get(hostOf(name)),
    local: createLocalSession(thisMachine(), { secrets: o.secrets, passwords }),
    state: (name) => pool.state(name),
    [Symbol.asyncDispose]: async () => {
      // A short run is over before a slow host has told its time; what it told belongs to the record.
      const patience = new AbortController()
      const over = wait(clockPatience, undefined, { signal: patience.signal }).catch(() => undefined)
      await Promise.race([Promise.all([...watches].map(({ first }) => first)), over])
      patience.abort()
      closing = true
      for (const watching of watches) watching.stop()
      await pool.close()
      await shared.close()
      await Promise.all([...watches].map(({ ended }) => ended))
      await Promise.all(pending)
    },
  }
}

function thisMachine(): Host {
  const { username } = userInfo()
  return {
    name: 'here',
    transport: 'local',
    address: 'localhost',
    port: 22,
    user: username,
    groups: [],
    production: false,
    path: [],
    env: {},
    vars: { home: homedir() },
  }
}
