import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stateFolder } from './paths.ts'

/** A process as the lab remembers it: the start time tells a reused pid apart. */
export interface KnownProcess {
  pid: number
  started: string
}

/** One running host in the state file. */
export interface HostState {
  address: string
  port: number
  user: string
  /** The process that keeps the nspawn container up, or the private sshd in the fallback. */
  process?: KnownProcess
}

/** What a running lab is, as every process that attaches to it reads it. */
export interface LabState {
  kind: 'nspawn' | 'sshd'
  name: string
  identityFile: string
  knownHosts: string
  inventory: string
  bridge?: string
  /** Set once all hosts were healthy; without it a start has died half way. */
  complete?: boolean
  /** Why these are not whole hosts. */
  reason?: string
  hosts: Record<string, HostState>
}

const file = () => join(stateFolder(), 'state.json')

/** Reads the state file, or nothing when no lab was started. */
export function readState(): LabState | undefined {
  try {
    return JSON.parse(readFileSync(file(), 'utf8')) as LabState
  } catch {
    return undefined
  }
}

/** Replaces the state file at once, so that a reader never sees half of it. */
export function writeState(state: LabState): void {
  writeFileSync(`${file()}.${process.pid}`, JSON.stringify(state, null, 2), { mode: 0o600 })
  renameSync(`${file()}.${process.pid}`, file())
}

/** Forgets the lab. */
export function removeState(): void {
  const state = readState()
  for (const path of [file(), state?.knownHosts, state?.inventory]) {
    if (path) rmSync(path, { force: true })
  }
}

/** Looks up a living process by its pid. */
export function knownProcess(pid: number): KnownProcess | undefined {
  const started = startTime(pid)
  return started === undefined ? undefined : { pid, started }
}

/** Tells whether a remembered process is still that process. */
export function isAlive(known: KnownProcess | undefined): known is KnownProcess {
  return known !== undefined && startTime(known.pid) === known.started
}

function startTime(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    // A zombie has ended; only its parent has not looked yet.
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}
