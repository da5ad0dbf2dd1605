import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import fc from 'fast-check'
import pLimit from 'p-limit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { knownName, verdict } from '../../src/hosts/known_hosts.ts'
import { hasSshd, type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'
import { hashedName, testKey } from './helpers/keys.ts'
import { keyIn } from './helpers/links.ts'

/** How the host is named on the command line, and by its configuration. */
interface Named {
  address: string
  hostKeyAlias?: string
}

/** Files that are looked through in one run of a property, side by side. */
const batch = 20
/** Runs for each way of naming: with three ways and two key types 240 files, and 2,400 in the full run. */
const runs = process.env.SITREP_FULL ? 20 : 2

/** The oracle is the system's ssh against a real sshd: it gets past the key exchange, or it says why not. */
describe.skipIf(!hasSshd()).each(['ed25519', 'ecdsa'] as const)(
  'fault 4: known_hosts as OpenSSH reads it, a host with an %s key',
  (type) => {
    let sshd: PrivateSshd
    let folder: string
    let line: string
    let key: Buffer
    const others = { ed25519: testKey(), rsa: testKey('rsa'), ecdsa: testKey('ecdsa') }
    let certificate: string
    beforeAll(async () => {
      // All of the batch connect at once, and none of them logs in.
      sshd = await privateSshd({
        hostKeyType: type,
        config: ['MaxStartups 1000', 'PerSourceMaxStartups none'],
      })
      folder = mkdtempSync(join(tmpdir(), 'sitrep-oracle-'))
      line = keyIn(sshd.knownHosts)
      key = Buffer.from(line.split(' ')[1] ?? '', 'base64')
      const at = (name: string) => join(folder, name)
      for (const name of ['ca', 'host'])
        await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)])
      await execa('ssh-keygen', ['-q', '-s', at('ca'), '-I', 'x', '-h', '-n', '127.0.0.1', at('host.pub')])
      certificate = readFileSync(at('host-cert.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
    })
    afterAll(async () => {
      await sshd.stop()
      rmSync(folder, { recursive: true })
    })

    async function oracle(
      named: Named,
      files: string[],
    ): Promise<'known' | 'unknown' | 'changed' | 'revoked'> {
      const options = [
        `UserKnownHostsFile=${files.join(' ')}`,
        'GlobalKnownHostsFile=/dev/null',
        'StrictHostKeyChecking=yes',
        `HostKeyAlgorithms=${line.split(' ')[0]}`,
        'BatchMode=yes',
        'UpdateHostKeys=no',
        // The host key is judged before: who is asked for authentication has accepted it.
        'PreferredAuthentications=none',
        ...(named.hostKeyAlias === undefined ? [] : [`HostKeyAlias=${named.hostKeyAlias}`]),
      ].flatMap((option) => ['-o', option])
      const target = ['-4', '-p', String(sshd.port), `${sshd.user}@${named.address}`, 'true']
      const { stderr } = await execa('ssh', ['-F', 'none', ...options, ...target], {
        reject: false,
        env: { LC_ALL: 'C' },
      })
      if (/Permission denied/.test(stderr)) return 'known'
      if (/REVOKED/.test(stderr)) return 'revoked'
      if (/IDENTIFICATION HAS CHANGED/.test(stderr)) return 'changed'
      if (/No .* host key is known/.test(stderr)) return 'unknown'
      throw new Error(`ssh said something else: ${stderr}`)
    }

    /** Lines in which the host's own name, and names that are nearly it, stand in every form. */
    function lines(named: Named) {
      const { name, port } = knownName({ ...named, port: sshd.port })
      const at = port === 22 ? name : `[${name}]:${port}`
      const head = at.slice(0, 5)
      const names = fc.oneof(
        {
          weight: 3,
          arbitrary: fc.constantFrom(at, `x,${at}`, `${head}*`, '*', `${at.slice(0, -1)}?`, at.toUpperCase()),
        },
        fc.constantFrom(
          `*,!${at}`,
          `!${at},*`,
          `!x,${at}`,
          `${at},`,
          `,,${at}`,
          `!${at}`,
          '!*',
          '',
          '?',
          '[*]:*',
        ),
        // The address beside the name (CheckHostIP is off), the name without its port, with another, with its own.
        fc.constantFrom(
          '127.0.0.1',
          'localhost',
          name,
          `[${name}]:1`,
          `[${name}]:${sshd.port}`,
          '127.0.0.1,*',
        ),
        fc.constant('hash').map(() => hashedName(at.toLowerCase())),
        fc.constantFrom(
          hashedName('other'),
          hashedName(name),
          '|1|bad|bad',
          '|2|x',
          `${hashedName(at)},${at}`,
        ),
      )
      const [own, blob = ''] = line.split(' ')
      const keys = fc.oneof(
        { weight: 4, arbitrary: fc.constant(line) },
        fc.constantFrom(...Object.values(others).map((k) => `${k.type} ${k.blob}`)),
        fc.constantFrom(
          `ssh-rsa ${blob}`,
          `${own} AAAA`,
          `${own}`,
          '1024 35 1234567',
          // Cut short, with more behind it, without its padding, of a type that nobody knows.
          `${own} ${key.subarray(0, -3).toString('base64')}`,
          `${own} ${Buffer.concat([key, Buffer.from('more')]).toString('base64')}`,
          `${own} ${blob.replace(/=+$/, '')}`,
          `${own} ${blob.slice(0, 20)} ${blob.slice(20)}`,
          `ssh-new ${Buffer.concat([Buffer.from([0, 0, 0, 7]), Buffer.from('ssh-new')]).toString('base64')}`,
          'certificate',
        ),
      )
      const marker = fc.oneof(
        { weight: 8, arbitrary: fc.constant('') },
        fc.constantFrom('@revoked ', '@cert-authority ', '@revoked @cert-authority ', '@other ', '@', '# '),
      )
      const ending = fc.constantFrom(
        '\n',
        '\r\n',
        ' a comment\n',
        '\tcomment with words\r\n',
        '\n\n',
        '  \n',
        '',
      )
      const blank = fc.constantFrom('', '', ' ', '\t')
      const between = fc.constantFrom(' ', ' ', '\t', '  ')
      const one = fc
        .tuple(blank, marker, names, between, keys, ending)
        .map(([b, m, n, s, k, e]) => `${b}${m}${n}${s}${k === 'certificate' ? certificate : k}${e}`)
      return fc.tuple(fc.array(one, { maxLength: 4 }), fc.array(one, { maxLength: 1 }))
    }

    it.each<[string, Named]>([
      ['an address', { address: '127.0.0.1' }],
      ['a name', { address: 'localhost' }],
      ['an alias (HostKeyAlias)', { address: '127.0.0.1', hostKeyAlias: 'Core.Example' }],
    ])(
      'judges generated files as ssh -o StrictHostKeyChecking=yes does: %s',
      async (_, named) => {
        let count = 0
        const side = pLimit(6)
        const generated = fc.array(lines(named), { minLength: batch, maxLength: batch })
        await fc.assert(
          fc.asyncProperty(generated, async (corpus) => {
            const judged = await Promise.all(
              corpus.map((texts) =>
                side(async () => {
                  const files = texts.map((text) => {
                    const file = join(folder, `known_hosts_${count++}`)
                    writeFileSync(file, text.join(''))
                    return file
                  })
                  const { name, port } = knownName({ ...named, port: sshd.port })
                  const said = `\n${texts.map((text) => text.join('')).join('\n-- the second file --\n')}`
                  const ours = verdict(files, name, port, key).is
                  return { ours: `${ours}${said}`, theirs: `${await oracle(named, files)}${said}` }
                }),
              ),
            )
            const differing = judged.filter(({ ours, theirs }) => ours !== theirs)
            expect(differing).toEqual([])
          }),
          // What differs is shown as it is: to make a batch smaller takes minutes.
          { numRuns: runs, endOnFailure: true },
        )
      },
      600_000,
    )
  },
)
