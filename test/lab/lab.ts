import { pathToFileURL } from 'node:url'
import { labAvailable } from './available.ts'
import { NoBase } from './debian.ts'
import { downHosts, isUp, upHosts } from './lifecycle.ts'
import { attachNspawn } from './nspawnLab.ts'
import { attachSshd, downSshd, isSshdUp, upSshd } from './sshdLab.ts'
import { readState } from './state.ts'
import type { Lab } from './types.ts'
import { keepUp } from './users.ts'

export { labAvailable } from './available.ts'
export { type Fault, listFaults } from './faults.ts'
export { labUsers } from './hosts.ts'
export { type PrivateSshd, type PrivateSshdOptions, privateSshd } from './privateSshd.ts'
export type { Availability, ExecOptions, Lab, LabHost } from './types.ts'

/** How to bring the lab up. */
export interface UpOptions {
  log?: (line: string) => void
  /** Whether it stays up after test runs; a test run itself says false. */
  keep?: boolean
}

/** Brings the lab up, or attaches where it is up: whole hosts, or private SSH servers where they can't run. */
export async function up({ log = () => {}, keep = true }: UpOptions = {}): Promise<Lab> {
  const available = await labAvailable()
  if (!available.ok) throw new Error(`the lab can't run here: ${available.reason}`)
  const why = available.kind === 'sshd' ? available.reason : await tryHosts(log)
  if (why) {
    log(`private SSH servers only: ${why}`)
    await upSshd(why)
  }
  if (keep) keepUp(true)
  return attachNow()
}

/** Boots whole hosts, or says why their base can't be had; other errors are bugs of the lab. */
async function tryHosts(log: (line: string) => void): Promise<string | undefined> {
  try {
    await upHosts(log)
    return undefined
  } catch (error) {
    if (error instanceof NoBase) return error.message
    throw error
  }
}

/** Attaches to the lab that is up, for test workers and by hand. */
export async function attach(): Promise<Lab> {
  return attachNow()
}

/** Attaches at once, for code that can't wait, such as the collection of tests. */
export const attachNow = (): Lab => (readState()?.kind === 'sshd' ? attachSshd() : attachNspawn())

/** Whether a lab is up with all its hosts. */
export const labIsUp = () => isUp(readState()) || isSshdUp(readState())

/** Ends the lab and cleans what a crash has left. */
export async function down(): Promise<void> {
  keepUp(false)
  await (readState()?.kind === 'sshd' ? downSshd() : downHosts())
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  // Not awaited here: the command line imports this module, which would wait for itself.
  import('./command.ts')
    .then(({ main }) => main(process.argv.slice(2)))
    .then((code) => {
      process.exitCode = code
    }, console.error)
}
