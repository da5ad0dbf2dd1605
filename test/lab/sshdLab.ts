import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hostRow, hostRows } from './hosts.ts'
import { writeInventory } from './inventory.ts'
import { acquire, withLock } from './lock.ts'
import { labName, privateFolder, stateFolder } from './paths.ts'
import { privateSshd, stopSshd } from './privateSshd.ts'
import { run } from './sh.ts'
import { isAlive, type LabState, readState, removeState, writeState } from './state.ts'
import type { Lab } from './types.ts'

const labLock = () => join(stateFolder(), 'lab.lock')
const holdFile = (host: string) => join(stateFolder(), `hold-${hostRow(host).name}`)

/** Whether the fallback lab is up. */
export function isSshdUp(state: LabState | undefined): state is LabState {
  return state?.kind === 'sshd' && Object.values(state.hosts).every((host) => isAlive(host.process))
}

/** Starts one private sshd on loopback for each host of the table: plain hosts, all of them this machine. */
export function upSshd(reason: string): Promise<void> {
  return withLock(labLock(), async () => {
    if (isSshdUp(readState())) return
    await clean()
    const folder = stateFolder()
    const state: LabState = {
      kind: 'sshd',
      reason,
      name: labName(),
      identityFile: join(folder, hostRows[0]?.name ?? '', 'client_key'),
      knownHosts: join(folder, 'known_hosts'),
      inventory: join(folder, 'sitrep.yaml'),
      hosts: {},
    }
    let known = ''
    for (const row of hostRows) {
      const authorized = `AuthorizedKeysFile ${state.identityFile}.pub`
      const server = await privateSshd({
        folder: privateFolder(join(folder, row.name)),
        config: [authorized],
      })
      known += readFileSync(server.knownHosts, 'utf8')
      const { address, port, user, process } = server
      state.hosts[row.name] = { address, port, user, process }
      writeState(state)
    }
    writeFileSync(state.knownHosts, known, { mode: 0o600 })
    writeInventory(state)
  })
}

/** The fallback lab that is up, as an object. */
export function attachSshd(): Lab {
  const state = readState()
  if (state?.kind !== 'sshd') throw new Error(`no lab '${labName()}' is up: node test/lab/lab.ts up`)
  const cannot = (what: string) => async (): Promise<never> => {
    throw new Error(`${what} needs whole hosts, and this lab is only private SSH servers`)
  }
  const { identityFile, knownHosts } = state
  const entries = Object.entries(state.hosts).map(([name, { address, port, user }]) => {
    return [name, { name, address, port, user, identityFile, knownHosts, leaderPid: 0 }] as const
  })
  return {
    kind: 'sshd',
    name: state.name,
    ...(state.reason ? { reason: state.reason } : {}),
    hosts: Object.fromEntries(entries),
    inventory: state.inventory,
    exec: (_host, argv, { user: _user, ...options } = {}) => {
      return run(typeof argv === 'string' ? ['bash', '-c', argv] : argv, options)
    },
    reset: async () => {},
    restore: async () => {},
    reboot: cannot('a reboot'),
    link: cannot('a link that is down'),
    break: cannot('a fault'),
    snapshot: cannot('a snapshot'),
    hold: (host, fn) => withLock(holdFile(host), fn),
    acquire: (host) => acquire(holdFile(host)),
    down: downSshd,
  }
}

/** Ends the fallback lab. */
export function downSshd(): Promise<void> {
  return withLock(labLock(), clean)
}

async function clean(): Promise<void> {
  const state = readState()
  if (state?.kind !== 'sshd') return
  for (const [name, host] of Object.entries(state.hosts)) {
    if (host.process) await stopSshd(host.process)
    rmSync(join(stateFolder(), name), { recursive: true, force: true })
  }
  removeState()
}
