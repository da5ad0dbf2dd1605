import { describe, expect, it } from 'vitest'
import { createSecretStore } from '../../src/hosts/secrets.ts'

describe('secret store', () => {
  it('keeps values by name and tells listeners of each', () => {
    const store = createSecretStore()
    const told: string[] = []
    const off = store.onRegister((name, value) => told.push(`${name}=${value}`))
    store.register('token', 'env:TOKEN', 'abcd')
    off()
    store.register('token', 'env:TOKEN', 'efgh')
    expect(told).toEqual(['token=abcd'])
    expect(store.value({ secret: 'token' })).toBe('efgh')
    expect(store.entries()).toMatchObject([{ name: 'token', value: 'efgh' }])
  })

  it('fault 25: refuses a secret under 4 characters by its name, and names one that is not known', () => {
    const store = createSecretStore()
    expect(() => store.register('pin', 'prompt', '123')).toThrow(/secret pin/)
    expect(store.has('pin')).toBe(false)
    expect(() => store.value({ secret: 'pin' })).toThrow(expect.objectContaining({ kind: 'not_approved' }))
  })
})
