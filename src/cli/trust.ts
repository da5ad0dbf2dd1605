import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { openInventory, pickHosts } from '../compose/inventory.ts'
import { appendTrusted, knownHostsFiles, trustLine } from '../hosts/known_hosts.ts'
import { showHostKey } from '../hosts/ssh2.ts'
import { completeHost } from '../inventory/build.ts'
import { SitrepError } from '../model/errors.ts'
import { configFolder } from '../runbook/find.ts'
import { trustFolder } from '../runbook/trust.ts'
import { askLine, hasTerminal } from './terminal.ts'

/** Trusts the runbooks of a folder; gives its resolved path. */
export async function trustRunbooks(dir: string): Promise<string> {
  const found = await stat(dir).catch(() => undefined)
  if (found?.isDirectory() !== true) throw new SitrepError('usage', `there is no folder ${dir}`)
  return trustFolder(dir, configFolder(process.env, homedir()))
}

/** Shows a host's key and writes it to known_hosts after a yes, or where its fingerprint is the one that was given. */
export async function trustHost(
  name: string,
  o: { fingerprint?: string; inventory?: string },
): Promise<string> {
  const inventory = await openInventory(o.inventory)
  const [picked] = pickHosts(inventory, [name], { adHoc: true })
  if (picked === undefined) throw new SitrepError('usage', `unknown host ${name}`)
  const host = await completeHost(picked, { home: homedir() })
  const { key, verdict } = await showHostKey(host)
  const { fingerprint } = verdict
  if (verdict.is === 'known') return `${name} is already trusted: ${fingerprint}`
  if (verdict.is !== 'unknown') {
    throw new SitrepError('unreachable', `the key of ${name} is ${verdict.is}: ${fingerprint}`, {
      where: name,
      next: 'compare it with the host by another way; nothing was written',
    })
  }
  if (o.fingerprint !== undefined && o.fingerprint !== fingerprint) {
    throw new SitrepError('unreachable', `${name} shows ${fingerprint}, not ${o.fingerprint}`, {
      where: name,
      next: 'nothing was written',
    })
  }
  if (o.fingerprint === undefined) {
    const question = `${name} (${host.address}:${host.port}) shows ${fingerprint}. Is this its key? [y/N] `
    const yes = hasTerminal() && (await askLine(question))?.trim().toLowerCase() === 'y'
    if (!yes)
      throw new SitrepError('not_approved', `not trusted: ${fingerprint}`, {
        where: name,
        next: `give --fingerprint ${fingerprint} where that is its key`,
      })
  }
  const [file] = knownHostsFiles(host)
  if (file === undefined) throw new SitrepError('usage', 'no known_hosts file to write to')
  await appendTrusted(file, trustLine(host.address, host.port, key))
  return `trusted: ${name} ${fingerprint}, written to ${file}`
}
