import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { adviceFor } from '../compose/hosts.ts'
import { openInventory, pickHosts } from '../compose/inventory.ts'
import { ConnectError } from '../hosts/errors.ts'
import { chainOf } from '../hosts/jump/chain.ts'
import {
  appendTrusted,
  fileToTrustIn,
  knownHostsFiles,
  knownName,
  trustLine,
  verdict as verdictOf,
} from '../hosts/known_hosts.ts'
import { showOpensshHostKey } from '../hosts/openssh.ts'
import { createSecretStore } from '../hosts/secrets.ts'
import { HostKeyRefused } from '../hosts/ssh2/hostKeyRefused.ts'
import { showHostKey } from '../hosts/ssh2.ts'
import { completeHost } from '../inventory/complete.ts'
import { SitrepError } from '../model/errors.ts'
import type { Host, Inventory } from '../model/host.ts'
import { configFolder } from '../runbook/find.ts'
import { trustFolder } from '../runbook/trust.ts'
import { asking } from './asking.ts'

/** Trusts the runbooks of a folder; gives its resolved path. */
export async function trustRunbooks(dir: string): Promise<string> {
  const found = await stat(dir).catch(() => undefined)
  if (found?.isDirectory() !== true) throw new SitrepError('usage', `there is no folder ${dir}`)
  return trustFolder(dir, configFolder(process.env, homedir()))
}

/**
 * Shows a host's key and writes it to known_hosts after a yes, or where its fingerprint is the one that was given. Jump hosts
 * on the way are logged in to; one that is not known itself is asked about first. A fingerprint that was given is held against
 * the key that is shown before anything else: also that of a host which is known already.
 */
export async function trustHost(
  name: string,
  o: { fingerprint?: string; inventory?: string },
): Promise<string> {
  const host = await hostOf(name, await openInventory(o.inventory))
  const { prompter } = asking()
  const secrets = createSecretStore()
  const show = host.transport === 'openssh' ? showOpensshHostKey : showHostKey
  const { key, verdict } = await show(host, {
    secrets,
    ...(prompter === undefined ? {} : { prompter }),
  }).catch((error: unknown) => {
    throw withNext(host, error)
  })
  const { fingerprint } = verdict
  if (o.fingerprint !== undefined && o.fingerprint !== fingerprint) {
    throw new SitrepError('unreachable', `${name} shows ${fingerprint}, not ${o.fingerprint}`, {
      where: name,
      next: 'nothing was written; compare it with the host by another way',
    })
  }
  if (verdict.is === 'known') return `${name} is already trusted: ${fingerprint}`
  if (verdict.is !== 'unknown') throw new HostKeyRefused(host, key, verdict)
  const files = knownHostsFiles(host)
  const file = fileToTrustIn(files)
  if (file === undefined) {
    const why = files.length === 0 ? 'it has no known_hosts file' : `${files.join(', ')} keeps nothing`
    throw new SitrepError('usage', `the key of ${name} can not be written down: ${why}`, {
      where: name,
      next: 'give it a known_hosts file in sitrep.yaml, or a UserKnownHostsFile in the OpenSSH configuration',
    })
  }
  if (o.fingerprint === undefined) {
    const vouched = verdict.authority
      ? `A certificate authority vouches for such hosts (${verdict.authority.file}:${verdict.authority.line}). `
      : ''
    const yes = await prompter?.confirm({
      who: `${name} (${host.address}:${host.port})`,
      what: `it shows ${fingerprint}. ${vouched}Is this its key?`,
    })
    if (yes !== true)
      throw new SitrepError('not_approved', `not trusted: ${fingerprint}`, {
        where: name,
        next: `give --fingerprint ${fingerprint} where that is its key`,
      })
  }
  const known = knownName(host)
  // A session beside this one may have asked the same meanwhile.
  const still = verdictOf(files, known.name, known.port, key)
  if (still.is === 'known') return `${name} is already trusted: ${fingerprint}`
  if (still.is !== 'unknown') throw new HostKeyRefused(host, key, still)
  appendTrusted(file, trustLine(known.name, known.port, key))
  return `trusted: ${name} ${fingerprint}, written to ${file}`
}

/** What to do next, for an error that does not say it itself. */
function withNext(host: Host, error: unknown): unknown {
  if (!(error instanceof ConnectError) || error.next !== undefined) return error
  const { phase, message, where = host.name, fingerprints, passing } = error
  return new ConnectError(phase, message, {
    where,
    next: adviceFor(host, phase),
    cause: error,
    fingerprints,
    passing,
  })
}

async function hostOf(name: string, inventory: Inventory): Promise<Host> {
  const host = await completed(name, inventory)
  if (host.unusable) {
    throw new SitrepError('usage', host.unusable.reason, { where: name, next: host.unusable.next })
  }
  if (host.transport === 'local')
    throw new SitrepError('usage', `${name} is this machine: it has no host key`)
  return host
}

async function completed(name: string, inventory: Inventory): Promise<Host> {
  const home = homedir()
  try {
    const [picked] = pickHosts(inventory, [name], { adHoc: true })
    if (picked !== undefined) return await completeHost(picked, { home })
    throw new SitrepError('usage', `unknown host ${name}`)
  } catch (error) {
    // A jump host that only OpenSSH's configuration knows is trusted by the name that the way to a host gives it.
    const hosts = await Promise.all(inventory.hosts.map((host) => completeHost(host, { home })))
    const hop = hosts.flatMap(waysOf).find((one) => one.name === name)
    if (!hop) throw error
    return hop
  }
}

/** Each jump host on the way to a host, with those before it as its own way. */
function waysOf(host: Host): Host[] {
  const chain = chainOf(host)
  return chain.map((hop, at) => ({ ...hop, via: chain.slice(0, at) }))
}
