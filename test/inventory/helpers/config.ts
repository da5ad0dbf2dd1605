import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { completeHost } from '../../../src/inventory/complete.ts'
import { parseInventory } from '../../../src/inventory/load.ts'
import type { Host } from '../../../src/model/host.ts'

export const operator = { user: 'ana', home: '/home/ana' }

/** The hosts of an inventory's text, as they are before they are completed. */
export const hostsOf = (text: string): Host[] =>
  parseInventory(text, '/w/sitrep.yaml', operator).inventory!.hosts

/** A folder that is the home of an operator, with an OpenSSH configuration, for the tests of one file. */
export function operatorHome() {
  const at = { home: '' }
  beforeAll(async () => {
    // Fails with a clear message where the machine has no ssh.
    execFileSync('ssh', ['-V'], { stdio: 'ignore' })
    at.home = await mkdtemp(join(tmpdir(), 'sitrep-home-'))
    await mkdir(join(at.home, '.ssh'))
  })
  afterAll(() => rm(at.home, { recursive: true, force: true }))
  const write = async (name: string, text: string, mode = 0o600): Promise<string> => {
    const file = join(at.home, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
    await chmod(file, mode)
    return file
  }
  return {
    at,
    write,
    /** Completes the first host of an inventory with this configuration of the user's alone. */
    async completed(config: string, inventory: string, o: Parameters<typeof completeHost>[1] = {}) {
      const configFile = await write('.ssh/config', config)
      const [host] = hostsOf(inventory)
      return completeHost(host!, { configFile, home: at.home, ...o })
    },
  }
}
