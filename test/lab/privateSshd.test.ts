import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { hasSshd, type PrivateSshd, privateSshd } from './privateSshd.ts'
import { run } from './sh.ts'
import { isAlive } from './state.ts'

describe.skipIf(!hasSshd())(`a private sshd${hasSshd() ? '' : ' (no openssh-server here)'}`, () => {
  it('answers with its own key as the current user, and ends with stop', async () => {
    const server = await privateSshd({ hostKeyType: 'ecdsa', config: ['MaxSessions 1'] })
    expect(server.hostKeyFingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
    expect(readFileSync(server.knownHosts, 'utf8')).toContain('ecdsa-sha2-nistp256')
    expect(await ssh(server, 'id -un')).toBe(`${server.user}\n`)
    await server.stop()
    expect(isAlive(server.process)).toBe(false)
  })
})

async function ssh(server: PrivateSshd, command: string): Promise<string> {
  const options = ['-o', 'StrictHostKeyChecking=yes', '-o', `UserKnownHostsFile=${server.knownHosts}`]
  const target = ['-p', String(server.port), '-l', server.user, '--', server.address, command]
  const argv = ['ssh', '-F', 'none', '-i', server.identityFile, ...options, ...target]
  return (await run(argv, { timeoutMs: 10_000 })).stdout
}
