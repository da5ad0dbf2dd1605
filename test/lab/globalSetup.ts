import type { TestProject } from 'vitest/node'
import { down, labAvailable, up } from './lab.ts'
import { enter, keepUp, leave } from './users.ts'

declare module 'vitest' {
  interface ProvidedContext {
    lab: LabInfo
  }
}

/** What the tests of a run are told about the lab. */
export type LabInfo = { kind: 'nspawn' | 'sshd'; inventory: string } | { kind: 'none'; reason: string }

/** Boots the lab once for a whole test run where it can run, and gives what ends it again. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const available = await labAvailable()
  if (!available.ok) {
    project.provide('lab', { kind: 'none', reason: available.reason })
    return undefined
  }
  await enter(async () => {
    const lab = await up({ log: (line) => console.error(`lab: ${line}`), keep: false })
    project.provide('lab', { kind: lab.kind, inventory: lab.inventory })
  })
  if (process.env.SITREP_LAB_KEEP === '1') keepUp(true)
  return () => leave(down)
}
