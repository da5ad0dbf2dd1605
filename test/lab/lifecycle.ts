import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sshBanner } from './banner.ts'
import { boot, discardRoot, execIn, hostFolders, leaderOf, mountRoot, stop } from './container.ts'
import { hostRow, hostRows } from './hosts.ts'
import { hostKeyFolder, hostLayer, type Images, images, toolMounts } from './images.ts'
import { writeInventory } from './inventory.ts'
import { knownHostsLines } from './keys.ts'
import { withLock } from './lock.ts'
import { createNetwork, type Network, removeNetwork } from './network.ts'
import { cacheFolder, labFolder, labName, stateFolder } from './paths.ts'
import { until } from './sh.ts'
import { type HostState, isAlive, type LabState, readState, removeState, writeState } from './state.ts'

/** The folders of one running host. */
export const runningHost = (name: string) => hostFolders(cacheFolder('running', labName(), name))

const labLock = () => join(stateFolder(), 'lab.lock')
const allNames = () => hostRows.map((row) => row.name)

/** Whether a lab of whole hosts is up and all its hosts live. */
export function isUp(state: LabState | undefined): state is LabState {
  return isComplete(state) && allNames().every((name) => isAlive(state.hosts[name]?.process))
}

const isComplete = (state: LabState | undefined): state is LabState =>
  state?.kind === 'nspawn' && state.complete === true

/** Boots all hosts where none are up; the remains of a crash go first. */
export function upHosts(log: (line: string) => void): Promise<void> {
  return withLock(labLock(), async () => {
    const before = readState()
    if (!isComplete(before)) return fresh(log)
    // A host that a test has ended for good is no reason to take the others away from their users.
    const dead = allNames().filter((name) => !isAlive(before.hosts[name]?.process))
    if (dead.length > 0) await renew(dead)
  })
}

/** Gives hosts a fresh root and boots them, until they are healthy. */
export function resetHosts(names: string[] = allNames()): Promise<void> {
  // Under the lab's lock, so that nobody takes a host that is between two boots for one that has died.
  return withLock(labLock(), () => renew(names))
}

/** Ends all hosts, then the mounts, the bridge and the state. */
export function downHosts(): Promise<void> {
  return withLock(labLock(), clean)
}

async function fresh(log: (line: string) => void): Promise<void> {
  await clean()
  const built = await images(log)
  const network = await createNetwork()
  const state = newState(built, network)
  writeState(state)
  try {
    writeFileSync(
      state.knownHosts,
      allNames()
        .map((name) => knownHosts(state, name))
        .join(''),
      { mode: 0o600 },
    )
    writeInventory(state)
    log(`booting ${allNames().join(', ')} on ${network.prefix}.0/24`)
    await each(allNames(), (name) => start(built, name))
    writeState({ ...currentState(), complete: true })
  } catch (error) {
    await clean()
    throw error
  }
}

function newState(built: Images, { prefix, bridge }: Network): LabState {
  return {
    kind: 'nspawn',
    name: labName(),
    identityFile: built.identityFile,
    knownHosts: join(stateFolder(), 'known_hosts'),
    inventory: join(stateFolder(), 'sitrep.yaml'),
    bridge,
    hosts: Object.fromEntries(
      hostRows.map((row) => [row.name, { address: `${prefix}.${row.octet}`, port: 22, user: 'deploy' }]),
    ),
  }
}

async function renew(names: string[]): Promise<void> {
  const built = await images()
  await each(names, async (name) => {
    hostState(currentState(), name)
    await stop(runningHost(name))
    await discardRoot(runningHost(name))
    await start(built, name)
  })
}

async function clean(): Promise<void> {
  const state = readState()
  const base = cacheFolder('running', labName())
  // By what is there and not by the state, since a start may have died before it wrote its state.
  for (const name of existsSync(base) ? readdirSync(base) : []) {
    await stop(runningHost(name))
    await discardRoot(runningHost(name))
  }
  if (state?.bridge) await removeNetwork(state.bridge)
  removeState()
}

async function start(built: Images, name: string): Promise<void> {
  const state = currentState()
  const at = runningHost(name)
  const host = hostState(state, name)
  await mountRoot(at, [hostLayer(built, name), built.debian])
  writeFileSync(join(at.root, 'etc/lab-address'), `${host.address}/24\n`)
  const others = Object.entries(state.hosts).filter(([other]) => other !== name)
  const lines = others.map(([other, { address }]) => `${address} ${other}\n`).join('')
  writeFileSync(join(at.root, 'etc/hosts'), readFileSync(join(at.root, 'etc/hosts'), 'utf8') + lines)
  const process = boot(at, {
    machine: machineName(state, name),
    hostname: name,
    mounts: toolMounts(built),
    ...(state.bridge ? { bridge: state.bridge } : {}),
  })
  // Other hosts start at the same time, so only this host's part is changed.
  const latest = currentState()
  latest.hosts[name] = { ...host, process }
  writeState(latest)
  await ready(name)
}

/** A host's name on this machine, where hosts of several labs may run. */
export const machineName = (state: LabState, name: string) =>
  `${state.bridge?.replace('sitrep', 'l')}-${name}`

/** Waits until a host answers over SSH and its role's own look finds everything healthy. */
export async function ready(name: string): Promise<void> {
  const look = readFileSync(join(labFolder, 'provision', hostRow(name).role, 'ready.sh'), 'utf8')
  let last = ''
  const why = () => `${last}\n${readFileSync(runningHost(name).console, 'utf8').slice(-2000)}`
  const healthy = async () => {
    const { process, address, port } = hostState(currentState(), name)
    const leader = leaderOf(process)
    if (!leader) last = 'the host has ended'
    if (!leader || !(await sshBanner(address, port))) return undefined
    const result = await execIn(leader, ['bash', '-e', '-s'], { input: look, timeoutMs: 10_000 })
    last = `${result.stdout}${result.stderr}`
    return result.exitCode === 0 || undefined
  }
  await until(`${name} healthy`, healthy, 60_000, why)
}

/** The state of the lab that is up, or an error that says how to get one. */
export function currentState(): LabState {
  const state = readState()
  if (state?.kind === 'nspawn') return state
  throw new Error(`no lab '${labName()}' is up: node test/lab/lab.ts up`)
}

/** One host's part of the state. */
export function hostState(state: LabState, name: string): HostState {
  const host = state.hosts[hostRow(name).name]
  if (!host) throw new Error(`the lab that is up has no host '${name}'; take it down and up again`)
  return host
}

function knownHosts(state: LabState, name: string): string {
  const folder = hostKeyFolder(name)
  const keys = readdirSync(folder).filter((file) => file.endsWith('_key'))
  const { address, port } = hostState(state, name)
  const paths = keys.map((file) => join(folder, file))
  return knownHostsLines(address, port, paths)
}

/** Does the same for each, and fails with the first error only once all have ended. */
async function each(names: string[], fn: (name: string) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(names.map(fn))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
