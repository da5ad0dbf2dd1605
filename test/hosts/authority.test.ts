import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { hasSystemSsh } from '../../src/hosts/systemSsh.ts'
import type { Host } from '../../src/model/host.ts'
import { hasSshd, type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'
import { ask, createLinks, person } from './helpers/links.ts'
import { sshdHost } from './helpers/machine.ts'

describe.skipIf(!hasSshd() || !hasSystemSsh())(
  'fault 6: a host that only a certificate authority vouches for',
  () => {
    const links = createLinks()
    let folder: string
    let certified: PrivateSshd
    let plain: PrivateSshd
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'sitrep-authority-'))
      ;[certified, plain] = await Promise.all([
        privateSshd({ certificates: {} }),
        privateSshd({ address: '127.0.0.2' }),
      ])
    })
    afterEach(() => links.close())
    afterAll(async () => {
      await Promise.all([certified.stop(), plain.stop()])
      rmSync(folder, { recursive: true })
    })
    const file = (content: string): string => {
      const path = join(folder, v7())
      writeFileSync(path, content, { mode: 0o600 })
      return path
    }
    const host = (more: Partial<Host> = {}) =>
      sshdHost(certified, {
        name: 'core-1',
        ...(certified.certificateFile === undefined ? {} : { certificateFiles: [certified.certificateFile] }),
        ...more,
      })

    it('goes over the system’s ssh, which checks the certificate; says so; asks nobody', async () => {
      const { prompter, asked } = person([[/./, true]])
      const link = await links.open(host(), { prompter })
      expect(link.host).toMatchObject({
        transport: 'openssh',
        because: expect.stringContaining(certified.knownHosts),
      })
      expect(await ask(link, 'echo checked')).toBe('checked')
      expect(asked).toEqual([])
    })

    it('so does a host behind a jump host of that kind', async () => {
      const link = await links.open(sshdHost(plain, { name: 'behind', via: [host({ name: 'bastion' })] }))
      expect(link.host).toMatchObject({ name: 'behind', transport: 'openssh' })
      expect(await ask(link, 'echo through')).toBe('through')
    })

    it('never with less checking: a host without a certificate of the authority is refused', async () => {
      const authority = readFileSync(certified.knownHosts, 'utf8')
        .split('\n')
        .find((line) => line.startsWith('@cert-authority'))
      const everyone = file(`${authority?.replace(/ \S+/, ' *')}\n`)
      const error = await links.refused(sshdHost(plain, { knownHosts: [everyone] }))
      expect(error).toMatchObject({ phase: 'host key', fingerprints: [plain.hostKeyFingerprint] })
    })

    it('without a system’s ssh it is refused, and the authority is named', async () => {
      const path = process.env.PATH
      process.env.PATH = folder
      try {
        const error = await links.refused(host())
        expect(error.message).toMatch(
          /not known: SHA256:.*a certificate authority vouches for such hosts \(.*:\d+\)/,
        )
      } finally {
        process.env.PATH = path
      }
    })
  },
)
