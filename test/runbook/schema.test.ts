import { describe, expect, it } from 'vitest'
import {
  isSecretValue,
  zDuration,
  zMode,
  zPath,
  zPort,
  zSecretable,
  zShell,
  zText,
} from '../../src/model/schema.ts'

const ref = { secret: 'token' }

describe('the pieces of the parameters of actions', () => {
  it.each([
    [zDuration, 90, 90],
    [zDuration, '90s', 90],
    [zDuration, '5m', 300],
    [zDuration, '1.5h', 5400],
    [zDuration, '500ms', 0.5],
    [zDuration, '10', 10],
    [zMode, '0644', '0644'],
    [zMode, '755', '0755'],
    [zPort, 22, 22],
    [zPort, '22', 22],
    [zPath, '/a b', '/a b'],
    [zText, 'a', 'a'],
    [zText, 3, '3'],
    [zText, true, 'true'],
    [zText, ref, [ref]],
    [zText, ['a ', ref], ['a ', ref]],
    [zSecretable, 3002, '3002'],
    [zSecretable, ref, ref],
    [zShell, 'echo', { shell: 'echo', secrets: {} }],
    [zShell, { shell: 'x', secrets: { A: ref } }, { shell: 'x', secrets: { A: ref } }],
  ])('%#', (schema, input, output) => {
    expect(schema.parse(input)).toEqual(output)
  })

  it.each([
    [zDuration, '5x'],
    [zDuration, -1],
    [zDuration, true],
    [zDuration, '1m30s'],
    [zMode, 644],
    [zMode, '0999'],
    [zMode, 'u+x'],
    [zPort, 0],
    [zPort, 65536],
    [zPort, '22a'],
    [zPort, 1.5],
    [zPath, 'a'],
    [zPath, '/a\nb'],
    [zPath, '/a\0'],
    [zPath, ref],
    [zText, ['a', 'b']],
    [zText, null],
    [zText, { secret: 'a', other: 1 }],
    [zSecretable, ['a', ref]],
    [zSecretable, Number.NaN],
    [zShell, ' '],
    [zShell, 'a\0'],
    [zShell, ref],
    [zShell, { shell: 'x', secrets: { A: 'value' } }],
  ])('refuses %#', (schema, input) => {
    expect(schema.safeParse(input).success).toBe(false)
  })

  it('know a secret value', () => {
    expect([ref, ['a', ref], 'a', ['a'], 3, null].map(isSecretValue)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ])
  })
})
