import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { findPm2 } from '../../src/demo/coreHost.ts'

it('finds the PM2 of the project, and says what to install where there is none', () => {
  expect(existsSync(findPm2())).toBe(true)
  expect(() => findPm2('file:///nowhere/at/all.js')).toThrow(
    expect.objectContaining({ kind: 'usage', next: expect.stringContaining('npm install pm2') }),
  )
})
