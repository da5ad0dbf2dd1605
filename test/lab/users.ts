import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withLock } from './lock.ts'
import { stateFolder } from './paths.ts'
import { isAlive, type KnownProcess, knownProcess } from './state.ts'

const folder = () => join(stateFolder(), 'users')
const mine = () => join(folder(), `${process.pid}.json`)
const kept = () => join(stateFolder(), 'keep')

/** Says whether the lab stays up after the last test run, as one does that was started by hand. */
export function keepUp(keep: boolean): void {
  if (keep) writeFileSync(kept(), '')
  else rmSync(kept(), { force: true })
}

/** Counts this process as a user of the lab while `start` brings it up, so that no other run ends it meanwhile. */
export function enter(start: () => Promise<void>): Promise<void> {
  return withLock(join(stateFolder(), 'users.lock'), async () => {
    await start()
    mkdirSync(folder(), { recursive: true })
    writeFileSync(mine(), JSON.stringify(knownProcess(process.pid)))
  })
}

/** Stops counting this process, and ends the lab when it was the last and nobody wants it kept. */
export function leave(end: () => Promise<void>): Promise<void> {
  return withLock(join(stateFolder(), 'users.lock'), async () => {
    rmSync(mine(), { force: true })
    const others = readdirSync(folder()).filter((name) => isAlive(read(join(folder(), name))))
    if (others.length === 0 && !existsSync(kept())) await end()
  })
}

function read(path: string): KnownProcess | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
