import { readFileSync } from 'node:fs'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { desk } from './helpers/sitrep.ts'

async function processesWith(text: string): Promise<string[]> {
  const { stdout } = await execa('ps', ['-eo', 'pid,stat,args'])
  return stdout.split('\n').filter((line) => line.includes(text) && !/^\s*\d+\s+Z/.test(line))
}

describe('sitrep demo without a terminal', () => {
  it('runs the practice outage through to its postmortem and leaves no process behind', async () => {
    using at = desk()
    const { exitCode, stdout } = await at.sitrep('demo')
    expect(exitCode).toBe(0)
    const path = stdout.trimEnd().split('\n').at(-1) ?? ''
    expect(path).toMatch(/^\/.*\/postmortem\.md$/)
    const text = readFileSync(path, 'utf8')
    expect(text).toMatch(/A login gets a token \| core-1 \| 200 \| \*\*500\*\* \(failed\) \| 200 \|/)
    expect(text).toMatch(/ops\.example\.net is routed \| edge-1 \| 308 \| \*\*404\*\* \(failed\) \| 308 \|/)
    const folder = /\/[^\s`]*\/sitrep-[A-Za-z0-9]{6}(?=\/)/.exec(text)?.[0] ?? ''
    expect(folder).not.toBe('')
    expect(await processesWith(folder)).toEqual([])
  })
})
