import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  appendTrusted,
  fingerprintOf,
  knownAlgorithms,
  knownName,
  trustLine,
  verdict,
} from '../../src/hosts/known_hosts.ts'
import { hashedName, testKey } from './helpers/keys.ts'

const key = testKey()
const other = testKey()
const rsa = testKey('rsa')
const line = (names: string, k = key, rest = '') => `${names} ${k.type} ${k.blob}${rest}`

describe('known_hosts', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sitrep-known-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))
  const file = (text: string): string => {
    const path = join(folder, `${Math.random()}`)
    writeFileSync(path, text)
    return path
  }
  const judge = (text: string, host = 'core-1', port = 22, k = key) =>
    verdict([file(text)], host, port, k.key)

  it.each([
    ['a plain name', line('core-1')],
    ['a name among others', line('a,core-1,b')],
    ['another case', line('CORE-1')],
    ['a star', line('core-*')],
    ['question marks', line('core??')],
    ['a hashed name', line(hashedName('core-1'))],
    ['CRLF', `${line('core-1')}\r\n`],
    ['CRLF after a comment', `${line('core-1', key, ' a comment')}\r\n`],
    ['tabs and leading blanks', `  core-1\t${key.type}\t${key.blob}`],
    ['a second key', `${line('core-1', other)}\n${line('core-1')}`],
    ['the last line of several', `# a comment\n\n${line('edge-1', other)}\n${line('core-1')}`],
  ])('fault 4: knows the host by %s', (_, text) => {
    expect(judge(text)).toEqual({ is: 'known', fingerprint: fingerprintOf(key.key) })
  })

  it.each([
    ['an empty file', ''],
    ['another name', line('core-2')],
    ['a negated name', line('core-*,!core-1')],
    ['a comment', `#${line('core-1')}`],
    ['a key of a type that it is not', `core-1 ssh-rsa ${key.blob}`],
    ['a broken key', `core-1 ${key.type} ${key.blob}!!`],
    ['an unknown marker', `@trusted ${line('core-1')}`],
    ['a certificate authority', `@cert-authority ${line('core-1')}`],
    ['another port', line('[core-1]:2222')],
  ])('fault 4: does not know the host by %s', (_, text) => {
    expect(judge(text)).toMatchObject({ is: 'unknown' })
  })

  it('fault 4: a port other than 22 stands in brackets, and a bare name still says yes, never no', () => {
    expect(judge(line('[core-1]:2222'), 'core-1', 2222)).toMatchObject({ is: 'known' })
    expect(judge(line(hashedName('[core-1]:2222')), 'core-1', 2222)).toMatchObject({ is: 'known' })
    expect(judge(line('core-1'), 'core-1', 2222)).toMatchObject({ is: 'known' })
    expect(judge(line('core-1', other), 'core-1', 2222)).toMatchObject({ is: 'unknown' })
  })

  it('fault 2: a changed key names both fingerprints and the line', () => {
    const path = file(`# first\n${line('core-1', other)}\n`)
    expect(verdict([path], 'core-1', 22, key.key)).toEqual({
      is: 'changed',
      fingerprint: fingerprintOf(key.key),
      known: [{ fingerprint: fingerprintOf(other.key), file: path, line: 2 }],
    })
  })

  it('fault 5: a revoked key is refused even if another line matches', () => {
    expect(judge(`${line('core-1')}\n@revoked ${line('*')}`)).toMatchObject({ is: 'revoked', line: 2 })
    expect(judge(`@revoked ${line('*', other)}\n${line('core-1')}`)).toMatchObject({ is: 'known' })
  })

  it('fault 5: a revoked line counts also where a tab follows its marker, though OpenSSH passes over it', () => {
    expect(judge(`@revoked\t${line('*')}\n${line('core-1')}`)).toMatchObject({ is: 'revoked', line: 1 })
  })

  it('fault 6: names the certificate authority of a host whose plain key is not known', () => {
    const authority = { file: expect.any(String), line: 1 }
    expect(judge(`@cert-authority ${line('core-*', other)}`)).toMatchObject({ is: 'unknown', authority })
    const changed = `@cert-authority ${line('*', other)}\n${line('core-1', other)}`
    expect(judge(changed)).toMatchObject({ is: 'changed', authority })
    expect(judge(`@cert-authority ${line('edge-*', other)}`)).not.toHaveProperty('authority')
    expect(judge(`@cert-authority ${line('*', other)}\n${line('core-1')}`)).not.toHaveProperty('authority')
  })

  it('fault 4: an alias stands for the name and the port', () => {
    expect(knownName({ address: '10.0.0.1', port: 2222 })).toEqual({ name: '10.0.0.1', port: 2222 })
    const { name, port } = knownName({ address: '10.0.0.1', port: 2222, hostKeyAlias: 'Core-1' })
    expect(judge(line('core-1'), name, port)).toMatchObject({ is: 'known' })
    expect(judge(line('[core-1]:2222'), name, port)).toMatchObject({ is: 'unknown' })
    expect(judge(line('[10.0.0.1]:2222'), name, port)).toMatchObject({ is: 'unknown' })
  })

  it.each([
    ['cut short', (key: Buffer) => key.subarray(0, -3)],
    ['with more behind it', (key: Buffer) => Buffer.concat([key, Buffer.from('more')])],
  ])('fault 4: a key %s is none', (_, mend) => {
    expect(judge(`core-1 ${key.type} ${mend(key.key).toString('base64')}`)).toMatchObject({ is: 'unknown' })
  })

  it('fault 5: a file that is there and can not be read refuses; one that is missing knows nobody', () => {
    const good = file(line('core-1'))
    const bad = join(folder, 'a-folder')
    mkdirSync(bad)
    expect(verdict([good, bad], 'core-1', 22, key.key)).toMatchObject({ is: 'unreadable', file: bad })
    expect(verdict([join(folder, 'nowhere'), good], 'core-1', 22, key.key)).toMatchObject({ is: 'known' })
  })

  it('asks first for the algorithms for which a key is known', () => {
    const path = file(`${line('core-1', rsa)}\n@revoked ${line('core-1')}\n${line('edge-1')}`)
    expect(knownAlgorithms([path], 'core-1', 22)).toEqual(['rsa-sha2-512', 'rsa-sha2-256'])
    expect(knownAlgorithms([path], 'edge-1', 2222)).toEqual(['ssh-ed25519'])
  })

  it('writes a trusted key to a file and folder of its own', () => {
    const path = join(folder, 'new', 'known_hosts')
    appendTrusted(path, trustLine('Core-1', 2222, key.key))
    expect(readFileSync(path, 'utf8')).toBe(`[core-1]:2222 ${key.type} ${key.blob}\n`)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o700)
    const open = file(line('edge-1').trimEnd())
    chmodSync(open, 0o600)
    appendTrusted(open, trustLine('core-1', 22, key.key))
    expect(verdict([open], 'edge-1', 22, key.key).is).toBe('known')
    expect(verdict([open], 'core-1', 22, key.key).is).toBe('known')
    expect(() => trustLine('a b', 22, key.key)).toThrow(/host name/)
  })

  it('prints fingerprints as ssh-keygen does', async () => {
    const { stdout } = await execa('ssh-keygen', ['-lf', file(`${key.type} ${key.blob}\n`)])
    expect(stdout.split(' ')[1]).toBe(fingerprintOf(key.key))
  })
})
