import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** PM2's socket, below a stack's folder. */
const longest = 'core-1/.pm2/rpc.sock'

/** The longest path of a Unix socket that macOS takes; Linux takes four more. */
const socketLimit = 103

/** Makes a stack's temporary folder (0700), in `/tmp` where the usual place makes PM2's socket path too long. */
export async function makeFolder(root = tmpdir()): Promise<string> {
  const made = await realpath(await mkdtemp(join(root, 'sitrep-')))
  if (join(made, longest).length <= socketLimit || root === '/tmp') return made
  await rm(made, { recursive: true })
  return makeFolder('/tmp')
}

/** Removes the folder, also where something is being written to it at this moment. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
}
