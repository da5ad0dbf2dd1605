import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { until } from './sh.ts'
import { isAlive, type KnownProcess, knownProcess } from './state.ts'

/** Runs a function while holding a lock that excludes other processes; a dead holder's lock is taken over. */
export async function withLock<T>(path: string, fn: () => Promise<T>): Promise<T> {
  const release = await acquire(path)
  try {
    return await fn()
  } finally {
    release()
  }
}

/** Takes a lock and gives the function that releases it. */
export async function acquire(path: string, limitMs = 600_000): Promise<() => void> {
  const why = () => `Held by process ${holder(path)?.pid ?? 'unknown'}.`
  await until(`lock ${path}`, () => take(path), limitMs, why)
  return () => rmSync(path, { force: true })
}

function take(path: string): true | undefined {
  // The content is complete before the name appears, so nobody reads an empty lock.
  const draft = `${path}.${randomUUID()}`
  writeFileSync(draft, JSON.stringify(knownProcess(process.pid)), { mode: 0o600 })
  try {
    linkSync(draft, path)
    return true
  } catch {
    const known = holder(path)
    if (known && !isAlive(known)) setAside(path, draft)
    return undefined
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Removes a dead holder's lock; if another process was faster and holds it by now, its lock is put back. */
function setAside(path: string, draft: string): void {
  const aside = `${draft}.aside`
  try {
    renameSync(path, aside)
    if (isAlive(holder(aside))) linkSync(aside, path)
  } catch {
    // Another process has set it aside.
  } finally {
    rmSync(aside, { force: true })
  }
}

function holder(path: string): KnownProcess | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
