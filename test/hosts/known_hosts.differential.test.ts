import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verdict } from '../../src/hosts/known_hosts.ts'
import { hasSshd, type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'
import { hashedName, testKey } from './helpers/keys.ts'

/** The oracle is the system's ssh against a real sshd: it gets past the key exchange, or it says why not. */
describe.skipIf(!hasSshd())('fault 4: known_hosts as OpenSSH reads it', () => {
  let sshd: PrivateSshd
  let folder: string
  let key: Buffer
  beforeAll(async () => {
    sshd = await privateSshd()
    folder = mkdtempSync(join(tmpdir(), 'sitrep-oracle-'))
    const [, , blob = ''] = readFileSync(sshd.knownHosts, 'utf8').trim().split('\n')[0]?.split(' ') ?? []
    key = Buffer.from(blob, 'base64')
  })
  afterAll(async () => {
    await sshd.stop()
    rmSync(folder, { recursive: true })
  })

  async function oracle(file: string): Promise<'known' | 'unknown' | 'changed' | 'revoked'> {
    const options = [
      `UserKnownHostsFile=${file}`,
      'GlobalKnownHostsFile=/dev/null',
      'StrictHostKeyChecking=yes',
      'HostKeyAlgorithms=ssh-ed25519',
      'BatchMode=yes',
      'UpdateHostKeys=no',
      // The host key is judged before: who is asked for authentication has accepted it.
      'PreferredAuthentications=none',
    ].flatMap((option) => ['-o', option])
    const args = ['-F', 'none', ...options, '-p', String(sshd.port), `${sshd.user}@${sshd.address}`, 'true']
    const { stderr } = await execa('ssh', args, { reject: false, env: { LC_ALL: 'C' } })
    if (/Permission denied/.test(stderr)) return 'known'
    if (/REVOKED/.test(stderr)) return 'revoked'
    if (/IDENTIFICATION HAS CHANGED/.test(stderr)) return 'changed'
    if (/No .* host key is known/.test(stderr)) return 'unknown'
    throw new Error(`ssh said something else: ${stderr}`)
  }

  const others = { ed25519: testKey(), rsa: testKey('rsa'), ecdsa: testKey('ecdsa') }

  function lines() {
    const at = `[${sshd.address}]:${sshd.port}`
    const names = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom(at, `x,${at}`, '[127.*]:*', '*', '[127.0.0.?]:*', at.toUpperCase()),
      },
      fc.constantFrom(
        `*,!${at}`,
        `!${at},*`,
        `!x,${at}`,
        sshd.address,
        `[${sshd.address}]:1`,
        '127.0.0.1,*',
        '?',
      ),
      fc.constant('hash').map(() => hashedName(at)),
      fc.constantFrom(hashedName('other'), hashedName(sshd.address), '|1|bad|bad', '|2|x', '!*', ''),
    )
    const keys = fc.oneof(
      { weight: 3, arbitrary: fc.constant(`ssh-ed25519 ${key.toString('base64')}`) },
      fc.constantFrom(...Object.values(others).map((k) => `${k.type} ${k.blob}`)),
      fc.constantFrom(
        `ssh-rsa ${key.toString('base64')}`,
        'ssh-ed25519 AAAA',
        'ssh-ed25519',
        '1024 35 1234567',
      ),
    )
    const marker = fc.oneof(
      { weight: 8, arbitrary: fc.constant('') },
      fc.constantFrom('@revoked ', '@cert-authority ', '@other ', '# '),
    )
    const ending = fc.constantFrom('\n', '\r\n', ' a comment\n', '\tcomment with words\r\n', '\n\n')
    const blank = fc.constantFrom('', '', ' ', '\t')
    return fc.array(
      fc.tuple(blank, marker, names, keys, ending).map(([b, m, n, k, e]) => `${b}${m}${n} ${k}${e}`),
      { maxLength: 4 },
    )
  }

  it('judges generated files as ssh -o StrictHostKeyChecking=yes does', async () => {
    let count = 0
    await fc.assert(
      fc.asyncProperty(lines(), async (generated) => {
        const file = join(folder, `known_hosts_${count++}`)
        writeFileSync(file, generated.join(''))
        const ours = verdict([file], sshd.address, sshd.port, key)
        expect(`${ours.is}\n${generated.join('')}`).toBe(`${await oracle(file)}\n${generated.join('')}`)
      }),
      { numRuns: process.env.SITREP_FULL ? 400 : 30 },
    )
  }, 300_000)
})
