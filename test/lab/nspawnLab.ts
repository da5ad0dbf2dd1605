import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { execIn, leaderOf } from './container.ts'
import { readFault } from './faults.ts'
import { hostRow } from './hosts.ts'
import { hostLayer, images } from './images.ts'
import {
  currentState,
  downHosts,
  hostState,
  machineName,
  ready,
  resetHosts,
  runningHost,
} from './lifecycle.ts'
import { acquire, withLock } from './lock.ts'
import { cacheFolder, labFolder, labName, stateFolder } from './paths.ts'
import { restoreFiles } from './restore.ts'
import { must, until } from './sh.ts'
import type { LabState } from './state.ts'
import type { Lab, LabHost } from './types.ts'

const holdFile = (host: string) => join(stateFolder(), `hold-${hostRow(host).name}`)
const leader = (host: string) => leaderOf(hostState(currentState(), host).process) ?? 0

/** The lab that is up, as an object; every call reads the state anew, since others may reset a host. */
export function attachNspawn(): Lab {
  return {
    kind: 'nspawn',
    name: labName(),
    inventory: currentState().inventory,
    get hosts() {
      const state = currentState()
      return Object.fromEntries(Object.keys(state.hosts).map((name) => [name, labHost(state, name)]))
    },
    exec: async (host, argv, options) => execIn(leader(host), argv, options),
    reset: (host) => resetHosts(host ? [hostRow(host).name] : undefined),
    restore,
    reboot,
    link: async (host, state) => {
      // nspawn names its end of the link after the machine.
      await must(['ip', 'link', 'set', 'dev', `vb-${machineName(currentState(), hostRow(host).name)}`, state])
    },
    break: async (name, host) => {
      const fault = readFault(name)
      await script(host ?? fault.host, fault.script)
    },
    snapshot: (host) => script(host, labFile('snapshot.sh')),
    hold: (host, fn) => withLock(holdFile(host), fn),
    acquire: (host) => acquire(holdFile(host)),
    down: downHosts,
  }
}

async function restore(host: string): Promise<void> {
  const built = await images()
  const scratch = cacheFolder('running', labName(), `${host}.pristine`)
  await restoreFiles(runningHost(host).root, [hostLayer(built, host), built.debian], scratch)
  await script(host, labFile('provision', hostRow(host).role, 'restore.sh'))
  await ready(host)
}

async function reboot(host: string): Promise<void> {
  const before = leader(host)
  await execIn(before, ['systemctl', '--no-block', 'reboot'])
  await until(`reboot of ${host}`, () => ![0, before].includes(leader(host)) || undefined)
  await ready(host)
}

async function script(host: string, input: string): Promise<string> {
  const result = await execIn(leader(host), ['bash', '-euo', 'pipefail', '-s'], { input, timeoutMs: 60_000 })
  if (result.exitCode === 0) return result.stdout
  throw new Error(`script on ${host} ended with ${result.exitCode}: ${result.stderr}${result.stdout}`.trim())
}

const labFile = (...path: string[]) => readFileSync(join(labFolder, ...path), 'utf8')

function labHost(state: LabState, name: string): LabHost {
  const { address, port, user, process } = hostState(state, name)
  const { identityFile, knownHosts } = state
  return { name, address, port, user, identityFile, knownHosts, leaderPid: leaderOf(process) ?? 0 }
}
