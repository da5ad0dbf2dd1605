import { chmodSync, existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createSecretChecks, secretKeyFile } from '../../src/journal/secretCheck.ts'
import { tempDir } from './setup.ts'

it('tells a value from another, and its name and incident; the key is made when it is first needed', async () => {
  const root = await tempDir()
  const checks = createSecretChecks(root, 'one')
  expect(checks.holds('0123456789ab:0123456789abcdef', 'TOKEN', 'former')).toBeUndefined()
  expect(existsSync(secretKeyFile(root))).toBe(false)
  const check = checks.of('TOKEN', 'former') ?? ''
  expect(check).toMatch(/^[0-9a-f]{12}:[0-9a-f]{16}$/)
  expect(statSync(secretKeyFile(root))).toMatchObject({ size: 32 })
  expect(statSync(secretKeyFile(root)).mode & 0o777).toBe(0o600)

  const later = createSecretChecks(root, 'one')
  expect(later.holds(check, 'TOKEN', 'former')).toBe(true)
  expect(later.holds(check, 'TOKEN', 'rotated')).toBe(false)
  expect(later.holds(check, 'OTHER', 'former')).toBe(false)
  expect(createSecretChecks(root, 'two').holds(check, 'TOKEN', 'former')).toBe(false)
})

it("can't compare a check of another machine, or what is none", async () => {
  const [here, there] = [await tempDir(), await tempDir()]
  const check = createSecretChecks(there, 'one').of('TOKEN', 'value') ?? ''
  const checks = createSecretChecks(here, 'one')
  expect(checks.of('TOKEN', 'value')).not.toBe(check)
  expect(checks.holds(check, 'TOKEN', 'value')).toBeUndefined()
  expect(checks.holds('‹redacted:value›', 'TOKEN', 'value')).toBeUndefined()
})

it('makes no check where the key can not be made, follows no link, and repairs rights', async () => {
  const root = await tempDir()
  expect(createSecretChecks(join(root, 'absent'), 'one').of('TOKEN', 'value')).toBeUndefined()
  const elsewhere = join(root, 'elsewhere')
  writeFileSync(elsewhere, 'x'.repeat(32))
  symlinkSync(elsewhere, secretKeyFile(root))
  expect(createSecretChecks(root, 'one').of('TOKEN', 'value')).toBeUndefined()
  expect(readFileSync(elsewhere, 'utf8')).toBe('x'.repeat(32))
  rmSync(secretKeyFile(root))
  const check = createSecretChecks(root, 'one').of('TOKEN', 'value')
  chmodSync(secretKeyFile(root), 0o644)
  expect(createSecretChecks(root, 'one').of('TOKEN', 'value')).toBe(check)
  expect(statSync(secretKeyFile(root)).mode & 0o777).toBe(0o600)
})
