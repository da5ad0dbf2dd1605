import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { debianRelease } from './debian.ts'

/** Debian's packages that the lab and the tests of real servers need, each with a file that tells it is there. */
const wanted: Record<string, string> = {
  'openssh-server': '/usr/sbin/sshd',
  'openssh-client': '/usr/bin/ssh',
  'nginx-light': '/usr/sbin/nginx',
  caddy: '/usr/bin/caddy',
  tmux: '/usr/bin/tmux',
  sudo: '/usr/bin/sudo',
  'systemd-container': '/usr/bin/systemd-nspawn',
  debootstrap: '/usr/sbin/debootstrap',
  iproute2: '/usr/bin/ip',
  curl: '/usr/bin/curl',
  procps: '/usr/bin/ps',
  strace: '/usr/bin/strace',
  iptables: '/usr/sbin/iptables',
}

/** Lists the packages that are not there. */
export function missingPackages(): string[] {
  return Object.keys(wanted).filter((name) => !existsSync(wanted[name] ?? ''))
}

/** Installs what is missing, as root on Debian; elsewhere it only says what is missing. */
export function installPackages(log: (line: string) => void = console.log): boolean {
  const missing = missingPackages()
  if (missing.length === 0) return true
  if (process.getuid?.() !== 0 || !debianRelease()) {
    log(`missing for the lab: ${missing.join(' ')}`)
    return false
  }
  log(`installing ${missing.join(' ')}`)
  return withoutStarting(() => {
    const lock = ['-o', 'DPkg::Lock::Timeout=300']
    // One failing source of many is no reason to stop: the install itself tells whether it can be done.
    apt(['update', ...lock])
    if (apt(['install', '-y', '--no-install-recommends', ...lock, ...missing])) return true
    log(`apt-get could not install ${missing.join(' ')}`)
    return false
  })
}

function apt(args: string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stdout, stderr } = spawnSync('apt-get', ['-q', ...args], { env, encoding: 'utf8' })
  if (status !== 0) console.error(`${stdout ?? ''}${stderr ?? ''}`.split('\n').slice(-12).join('\n'))
  return status === 0
}

/** Denies the start of services during an install: an nginx of the machine itself is not ours to run. */
function withoutStarting<T>(fn: () => T): T {
  const policy = '/usr/sbin/policy-rc.d'
  const kept = `${policy}.sitrep-lab`
  const there = lstatSync(policy, { throwIfNoEntry: false })
  if (there && readFileSync(policy, 'utf8').includes('exit 101')) return fn()
  if (there) renameSync(policy, kept)
  writeFileSync(policy, '#!/bin/sh\nexit 101\n')
  chmodSync(policy, 0o755)
  try {
    return fn()
  } finally {
    rmSync(policy, { force: true })
    if (there) renameSync(kept, policy)
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) installPackages()
