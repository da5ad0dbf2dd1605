import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { labFolder } from './paths.ts'

/** One fault: a script that puts it in place on its host and checks that it is. */
export interface Fault {
  name: string
  /** The host it is for, from the script's `# host:` line. */
  host: string
  title: string
  script: string
}

const folder = join(labFolder, 'faults')

/** Lists the faults there are. */
export function listFaults(): Fault[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sh'))
    .sort()
    .map((name) => readFault(name.slice(0, -3)))
}

/** Reads one fault by its name, or throws with the names there are. */
export function readFault(name: string): Fault {
  const path = join(folder, `${name}.sh`)
  if (!/^[a-z-]+$/.test(name) || !existsSync(path)) {
    throw new Error(
      `no fault '${name}': there are ${listFaults()
        .map((fault) => fault.name)
        .join(', ')}`,
    )
  }
  const script = readFileSync(path, 'utf8')
  const header = (key: string) => new RegExp(`^# ${key}: (.+)$`, 'm').exec(script)?.[1] ?? ''
  return { name, host: header('host'), title: header('title'), script }
}
