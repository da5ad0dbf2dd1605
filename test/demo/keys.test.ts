import ssh2 from 'ssh2'
import { expect, it } from 'vitest'
import { drawKeyPair } from '../../src/demo/keys.ts'

it('draws key pairs that can be read, each of them', () => {
  const count = process.env.SITREP_FULL ? 5000 : 600
  for (let drawn = 0; drawn < count; drawn++) {
    const pair = drawKeyPair('practice')
    const key = ssh2.utils.parseKey(pair.public)
    expect(key).not.toBeInstanceOf(Error)
    // The wire form: a length and 'ssh-ed25519', a length and 32 bytes.
    if (!(key instanceof Error)) expect(key.getPublicSSH()).toHaveLength(4 + 11 + 4 + 32)
    expect(pair.public).toMatch(/ practice$/)
  }
})
