import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { hostFolders, mountRoot, unmountRoot } from './container.ts'
import { debianRelease } from './debian.ts'
import { isUp } from './lifecycle.ts'
import { missingPackages } from './packages.ts'
import { cacheFolder, privateFolder } from './paths.ts'
import { hasSshd } from './privateSshd.ts'
import { run } from './sh.ts'
import { isSshdUp } from './sshdLab.ts'
import { readState } from './state.ts'
import type { Availability } from './types.ts'

/** Tells whether the lab can run here: as whole hosts, at least as private SSH servers, or why not. */
export async function labAvailable(): Promise<Availability> {
  const reason = await whyNoHosts()
  if (reason === undefined) return { ok: true, kind: 'nspawn' }
  if (hasSshd() && existsSync('/usr/bin/ssh-keygen')) return { ok: true, kind: 'sshd', reason }
  return { ok: false, reason: `${reason}; openssh-server is missing too` }
}

/** Says what is in the way of whole hosts, or nothing when they can run. */
async function whyNoHosts(): Promise<string | undefined> {
  if (isUp(readState())) return undefined
  if (isSshdUp(readState())) return 'the lab that is up is of private SSH servers'
  if (process.getuid?.() !== 0) return 'whole hosts need root'
  if (!debianRelease()) return 'whole hosts need Debian'
  const missing = missingPackages()
  if (missing.length > 0) return `missing packages: ${missing.join(' ')}`
  return (await tryOverlay()) ?? (await tryBridge()) ?? (await tryNspawn())
}

async function tryOverlay(): Promise<string | undefined> {
  const folder = mkdtempSync(join(privateFolder(cacheFolder('running')), '.try-'))
  const folders = hostFolders(folder)
  try {
    await mountRoot(folders, ['/usr/share'])
    return undefined
  } catch (error) {
    return `overlay file systems can't be mounted: ${(error as Error).message}`
  } finally {
    await unmountRoot(folders)
    rmSync(folder, { recursive: true, force: true })
  }
}

async function tryBridge(): Promise<string | undefined> {
  const name = `sitrept${process.pid % 100_000}`
  const made = await run(['ip', 'link', 'add', name, 'type', 'bridge'])
  if (made.exitCode !== 0) return `no network bridge can be made: ${made.stderr.trim()}`
  await run(['ip', 'link', 'del', name])
  return undefined
}

/** Runs nothing in a namespace of its own, over this machine's files read-only: the least that nspawn must do. */
async function tryNspawn(): Promise<string | undefined> {
  const unit = existsSync('/run/systemd/system') ? [] : ['--keep-unit']
  const args = [
    '--quiet',
    '--register=no',
    ...unit,
    '--volatile=yes',
    '--directory=/',
    `--machine=try${process.pid}`,
  ]
  const result = await run(['systemd-nspawn', ...args, '--pipe', '/bin/true'], { timeoutMs: 10_000 })
  return result.exitCode === 0 ? undefined : `systemd-nspawn does not run: ${result.stderr.trim()}`
}
