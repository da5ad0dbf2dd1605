import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  boot,
  discardRoot,
  execIn,
  hostFolders,
  leaderOf,
  mountRoot,
  stop,
  unmountRoot,
} from './container.ts'
import { debianPackages, debianSuite, debootstrap } from './debian.ts'
import { type HostRow, hostRows, labUsers } from './hosts.ts'
import { hostKeys, keyPair } from './keys.ts'
import { withLock } from './lock.ts'
import { cacheFolder, labFolder, privateFolder, projectFolder } from './paths.ts'
import { must, until } from './sh.ts'
import { knownProcess } from './state.ts'
import { copyTools, toolVersions } from './tools.ts'

/** The finished build: read-only layers and tools, and the key that its hosts accept. */
export interface Images {
  folder: string
  debian: string
  tools: string
  identityFile: string
}

const payload = join(projectFolder, 'src/demo/core')

/** Gives the images for the present build inputs, building what the cache does not hold. */
export async function images(log: (line: string) => void = () => {}): Promise<Images> {
  const debian = cacheFolder(`debian-${hash([debianSuite(), ...debianPackages])}`)
  const tools = cacheFolder(`tools-${hash([toolVersions()])}`)
  const keys = await labKeys()
  const folder = cacheFolder(
    `images-${hash([debian, tools, JSON.stringify(hostRows), ...keys, ...inputs()])}`,
  )
  const built = { folder, debian, tools, identityFile: cacheFolder('keys/client') }
  if (existsSync(join(folder, 'complete'))) return built
  return withLock(cacheFolder('build.lock'), async () => {
    if (!existsSync(debian)) await debootstrap(debian, log)
    if (!existsSync(tools)) copyTools(tools)
    if (!existsSync(join(folder, 'complete'))) await buildImages(built, log)
    return built
  })
}

/** The folder of one host's layer, which lies over Debian's. */
export const hostLayer = (built: Images, name: string) => join(built.folder, 'hosts', name)

/** The private host keys of one host. They outlive a build, so that a reset to newer images keeps its identity. */
export const hostKeyFolder = (name: string) => cacheFolder('keys', name)

/** Generates the keys once, and gives their public halves. */
async function labKeys(): Promise<string[]> {
  const folders = hostRows.map((row) => hostKeyFolder(row.name))
  if (!folders.every((folder) => existsSync(join(folder, 'complete')))) {
    await withLock(cacheFolder('keys.lock'), async () => {
      await keyPair(join(privateFolder(cacheFolder('keys')), 'client'))
      for (const folder of folders) {
        await hostKeys(folder)
        writeFileSync(join(folder, 'complete'), '')
      }
    })
  }
  return [cacheFolder('keys'), ...folders].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.pub'))
      .map((name) => readFileSync(join(folder, name), 'utf8')),
  )
}

/** What every host mounts read-only: node and PM2. */
export const toolMounts = (built: Images) => ({ [built.tools]: '/usr/local/lib/nodejs' })

async function buildImages(built: Images, log: (line: string) => void): Promise<void> {
  rmSync(built.folder, { recursive: true, force: true })
  privateFolder(built.folder)
  await Promise.all(hostRows.map((row) => buildHost(built, row, log)))
  writeFileSync(join(built.folder, 'complete'), '')
}

async function buildHost(built: Images, row: HostRow, log: (line: string) => void): Promise<void> {
  log(`building ${row.name}`)
  const folders = hostFolders(join(built.folder, 'work', row.name))
  const layer = hostLayer(built, row.name)
  await mountRoot(folders, [built.debian], layer)
  try {
    await provision(built, row, folders.root)
    await firstBoot(built, row)
  } finally {
    await unmountRoot(folders)
  }
  // What a run leaves behind is no part of a pristine host.
  for (const path of [
    'tmp',
    'run',
    'var/tmp',
    'var/log/journal',
    'home/deploy/.pm2/logs',
    'home/deploy/.pm2/pids',
  ]) {
    rmSync(join(layer, path), { recursive: true, force: true })
  }
  await discardRoot(folders)
}

/** Puts files in place and runs the setup scripts of all hosts and of the role, without a boot. */
async function provision(built: Images, row: HostRow, root: string): Promise<void> {
  const seed = join(root, 'tmp/seed')
  mkdirSync(seed, { recursive: true })
  cpSync(payload, join(seed, 'payload'), { recursive: true })
  cpSync(`${built.identityFile}.pub`, join(seed, 'client.pub'))
  cpSync(hostKeyFolder(row.name), join(seed, 'hostkeys'), { recursive: true })
  const accounts = Object.entries(labUsers).map(
    ([name, { uid, password }]) => `${name}:${uid}:${password ?? ''}`,
  )
  writeFileSync(join(seed, 'users'), accounts.join('\n') + '\n')
  for (const role of ['common', row.role]) {
    const files = join(labFolder, 'provision', role, 'files')
    if (existsSync(files)) await must(['cp', '-r', '--no-preserve=ownership', `${files}/.`, root])
    const script = readFileSync(join(labFolder, 'provision', role, 'setup.sh'))
    await must(['chroot', root, 'env', `HOSTNAME=${row.name}`, 'bash', '-euo', 'pipefail', '-s'], {
      input: script,
    })
  }
  rmSync(seed, { recursive: true })
}

/** Boots the host once where its role says so, since PM2's own files are best written by PM2. */
async function firstBoot(built: Images, row: HostRow): Promise<void> {
  const script = join(labFolder, 'provision', row.role, 'first-boot.sh')
  if (!existsSync(script)) return
  const folders = hostFolders(join(built.folder, 'work', row.name))
  const machine = `build-${knownProcess(process.pid)?.pid}-${row.name}`
  const keeper = boot(folders, { machine, hostname: row.name, mounts: toolMounts(built) })
  try {
    const leader = await until('first boot', async () => {
      const pid = leaderOf(keeper)
      const up = pid && (await execIn(pid, ['systemctl', 'is-system-running', '--wait'])).exitCode === 0
      return up ? pid : undefined
    })
    const result = await execIn(leader, ['bash', '-euo', 'pipefail', '-s'], { input: readFileSync(script) })
    if (result.exitCode !== 0)
      throw new Error(`first boot of ${row.name}: ${result.stderr}\n${result.stdout}`)
    await execIn(leader, 'sync')
  } finally {
    await stop(folders)
  }
}

function hash(parts: string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16)
}

/** The content of everything that a build reads. */
function inputs(): string[] {
  const files = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
  const code = ['hosts.ts', 'images.ts'].map((name) => join(labFolder, name))
  return [...files(join(labFolder, 'provision')), ...files(payload), ...code].map(
    (path) => `${path.slice(projectFolder.length)}\n${readFileSync(path, 'utf8')}`,
  )
}
