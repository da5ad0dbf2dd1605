import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { cacheFolder, privateFolder } from './paths.ts'
import { run } from './sh.ts'

/** What every lab host has installed; which of it runs is for the role to say. */
export const debianPackages = [
  ...[
    'systemd',
    'systemd-sysv',
    'dbus',
    'libpam-systemd',
    'openssh-server',
    'sudo',
    'curl',
    'ca-certificates',
  ],
  ...['nginx-light', 'caddy', 'iproute2', 'procps', 'openssl', 'less'],
]

/** The Debian release of this machine, which the hosts get too; nothing where this is not Debian. */
export function debianRelease(): string | undefined {
  if (!existsSync('/etc/os-release')) return undefined
  const text = readFileSync('/etc/os-release', 'utf8')
  return /^ID=debian$/m.test(text) ? /^VERSION_CODENAME=(.+)$/m.exec(text)?.[1] : undefined
}

/** The release that the hosts are built from. */
export const debianSuite = () => debianRelease() ?? 'bookworm'

/** The base can't be had: no mirror answers, or debootstrap failed. */
export class NoBase extends Error {}

/** Builds the one Debian that all hosts lie over; the folder appears only when it is complete. */
export async function debootstrap(target: string, log: (line: string) => void): Promise<void> {
  const draft = `${target}.draft`
  rmSync(draft, { recursive: true, force: true })
  log(`debootstrap of Debian ${debianSuite()}, about a minute`)
  const result = await run([
    ...['debootstrap', '--variant=minbase', `--include=${debianPackages.join(',')}`],
    ...[`--cache-dir=${privateFolder(cacheFolder('packages'))}`, debianSuite(), draft, ...(await mirror())],
  ])
  if (result.exitCode !== 0) {
    const said = `${result.stdout}\n${result.stderr}`.trim().split('\n').slice(-3).join('; ')
    rmSync(draft, { recursive: true, force: true })
    throw new NoBase(`debootstrap failed; the base of the lab needs a Debian mirror once. It said: ${said}`)
  }
  renameSync(draft, target)
}

/** The mirror that this machine's apt uses, or debootstrap's own choice. */
async function mirror(): Promise<string[]> {
  const format = ['--format', '$(REPO_URI) $(CODENAME) $(LABEL) $(COMPONENT)', 'Created-By: Packages']
  const { stdout } = await run(['apt-get', 'indextargets', ...format])
  const line = stdout.split('\n').find((candidate) => candidate.endsWith(` ${debianSuite()} Debian main`))
  return line ? [line.split(' ')[0] ?? ''] : []
}
