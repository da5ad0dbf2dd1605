import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { securityPage, testsByCase } from './faults.ts'

it('docs/security.md names the test of every case (run `node test/docs/faults.ts` where it is stale)', () => {
  const { now, wanted } = securityPage()
  expect(now).toBe(wanted)
  expect(now.match(/^\| \d+ \| /gm)).toHaveLength(50)
})

it('docs/security.md names only files that are there', () => {
  const root = join(import.meta.dirname, '../..')
  const named = [...securityPage().now.matchAll(/`(test\/[\w./-]+\.(?:test\.)?tsx?)`/g)].map(
    ([, file]) => file ?? '',
  )
  expect(named.filter((file) => !existsSync(join(root, file)))).toEqual([])
})

it('tests are named by cases that exist', () => {
  expect([...testsByCase().keys()].filter((number) => number < 1 || number > 50)).toEqual([])
})
