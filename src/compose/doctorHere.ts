import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { execa } from 'execa'
import { secretKeyFile } from '../journal/secretCheck.ts'
import { messageOf } from '../model/errors.ts'

/** What was found on this machine. */
export interface HereReport {
  node: string
  /** What the system's ssh says of itself; absent where there is none. */
  ssh?: string
  /** The state folder; `freeBytes` is the room on its file system. */
  state: { dir: string; freeBytes?: number }
  problems: string[]
}

/** Less room than this is told, in bytes: a long incident's logs and outputs take more. */
const little = 100 * 1024 * 1024

/** Looks at this machine: Node, ssh, and whether the state folder can hold a record that others do not read. */
export async function examineHere(root: string): Promise<HereReport> {
  const problems: string[] = []
  const [ssh, freeBytes] = await Promise.all([sshVersion(), room(root, problems)])
  await privacy(root, 'folder', problems)
  await privacy(secretKeyFile(root), 'key of secrets', problems)
  return {
    node: process.versions.node,
    ...(ssh === undefined ? {} : { ssh }),
    state: { dir: root, ...(freeBytes === undefined ? {} : { freeBytes }) },
    problems,
  }
}

async function sshVersion(): Promise<string | undefined> {
  const result = await execa('ssh', ['-V'], { reject: false, timeout: 5000, stdin: 'ignore' })
  return result.exitCode === 0 ? (result.stderr.split('\n')[0] ?? '').trim() : undefined
}

/** The room where the state folder is, or where it will be made. */
async function room(root: string, problems: string[]): Promise<number | undefined> {
  let at = root
  while ((await stat(at).catch(() => undefined)) === undefined && dirname(at) !== at) at = dirname(at)
  try {
    await access(at, constants.W_OK | constants.X_OK)
    const { bavail, bsize } = await statfs(at)
    const free = bavail * bsize
    // Some file systems can't tell their room.
    if (free > 0 && free < little)
      problems.push(`${root}: only ${Math.floor(free / 1024 / 1024)} MiB of room are left`)
    return free
  } catch (error) {
    problems.push(`${root}: incidents can not be recorded: ${messageOf(error)}`)
    return undefined
  }
}

/** Tells where others than its owner can read something that is there. */
async function privacy(path: string, what: string, problems: string[]): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined || (found.mode & 0o077) === 0) return
  problems.push(
    `${path}: others can read the ${what} (mode ${(found.mode & 0o777).toString(8)}); take it from them with chmod go= ${path}`,
  )
}
