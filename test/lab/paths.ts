import { chmodSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** This folder, which holds the build inputs. */
export const labFolder = import.meta.dirname

/** The project's root folder. */
export const projectFolder = resolve(labFolder, '../..')

/** The lab's name; labs of different names run side by side. */
export function labName(): string {
  const name = process.env.SITREP_LAB ?? 'lab'
  if (!/^[a-z][a-z0-9-]{0,15}$/.test(name)) throw new Error(`SITREP_LAB: '${name}' is not a lab name`)
  return name
}

/** Where built images, keys and running roots are kept, outside of the repository. */
export function cacheFolder(...parts: string[]): string {
  const root = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sitrep-lab')
  return join(privateFolder(root), ...parts)
}

/** Where the state of the running lab is kept. */
export function stateFolder(): string {
  const runtime = process.env.XDG_RUNTIME_DIR || (process.getuid?.() === 0 ? '/run' : cacheFolder('run'))
  return privateFolder(join(privateFolder(join(runtime, 'sitrep-lab')), labName()))
}

/** Makes a folder that only its owner can enter, also where it existed before. */
export function privateFolder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  chmodSync(path, 0o700)
  return path
}
