import { homedir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { eventLines } from '../../src/cli/print/events.ts'
import { hostJson } from '../../src/cli/print/hostJson.ts'
import { hostLine, settingLines } from '../../src/cli/print/hosts.ts'
import { testLines } from '../../src/cli/print/hostTest.ts'
import type { EventRecord } from '../../src/model/event.ts'
import { testHost } from '../hosts/helpers/machine.ts'

const plain = (_: string, text: string) => text

const host = testHost({
  name: 'core-1',
  transport: 'openssh',
  address: 'fe80::1',
  port: 2222,
  user: 'deploy',
  groups: ['core'],
  production: true,
  identityFiles: [`${homedir()}/.ssh/oncall`, '/k/two'],
  certificateFiles: ['/k/id-cert.pub'],
  via: [testHost({ name: 'bastion', transport: 'ssh2', address: '192.0.2.1', user: 'gate' })],
  knownHosts: [],
  link: { connect: 500 },
  because: 'a certificate is set (/k/id-cert.pub)',
  notes: [
    `"Match exec" in ~/.ssh/config can not be resolved without ssh; what it says is not used, so look at it`,
  ],
  sources: { address: 'sitrep.yaml:3', identityFiles: '~/.ssh/config:12', jump: '/etc/ssh/ssh_config' },
})

describe('a host on the screen', () => {
  it('has every setting with where it came from, in 80 columns', () => {
    expect([hostLine(host, plain), ...settingLines(host, plain)].join('\n')).toMatchInlineSnapshot(`
      "core-1  deploy@[fe80::1]:2222  openssh  core  production
        address        fe80::1                        sitrep.yaml:3
        port           2222                           default
        user           deploy                         default
        keys           ~/.ssh/oncall                  ~/.ssh/config:12
                       /k/two
        certificates   /k/id-cert.pub                 default
        forward agent  no                             default
        jump hosts     bastion (gate@192.0.2.1:22)    /etc/ssh/ssh_config
        known_hosts    none                           default
        times          connect 0.5 s                  default
        transport      openssh
                       a certificate is set (/k/id-cert.pub)
        "Match exec" in ~/.ssh/config can not be resolved without ssh; what it says is
        not used, so look at it"
    `)
    for (const line of settingLines(host, plain)) expect(line.length).toBeLessThanOrEqual(80)
    expect(settingLines(testHost({}), plain)).toEqual([])
  })

  it('says why it can not be used', () => {
    const lines = settingLines({ ...host, unusable: { reason: 'in a circle', next: 'mend it' } }, plain)
    expect(lines.slice(-2)).toEqual(['  in a circle', '  mend it'])
  })

  it('has how its test came out', () => {
    const { notes: _notes, ...quiet } = host
    const good = testLines(
      {
        host: quiet,
        ok: false,
        ms: 84,
        fingerprint: 'SHA256:3Sx2o9ZBLs0j8MOrmIkLVvHQ+AvdBIZXE4OV6B3RFP4',
        authentication: `${homedir()}/.ssh/oncall`,
        sudo: 'asks for a password',
        missing: [
          { tool: 'stat', without: 'no file can be compared or put back', needed: true },
          { tool: 'flock', without: 'locks hold by process and time alone', needed: false },
        ],
      },
      plain,
    )
    const bad = testLines(
      {
        host: quiet,
        ok: false,
        missing: [],
        problem: { phase: 'connect', reason: 'no connection within 10 s', next: 'see that it is up' },
      },
      plain,
    )
    expect([...good, ...bad].join('\n')).toMatchInlineSnapshot(`
      "core-1  deploy@[fe80::1]:2222  openssh  core  production
        by the system's ssh: a certificate is set (/k/id-cert.pub)
        reached in 84 ms
        let in by ~/.ssh/oncall; sudo asks for a password
        host key SHA256:3Sx2o9ZBLs0j8MOrmIkLVvHQ+AvdBIZXE4OV6B3RFP4, accepted
        no stat: no file can be compared or put back
        no flock: locks hold by process and time alone
      core-1  deploy@[fe80::1]:2222  openssh  core  production
        by the system's ssh: a certificate is set (/k/id-cert.pub)
        connect: no connection within 10 s
        see that it is up"
    `)
  })

  it('says on connecting why the system’s ssh is used, and what of the configuration is not', () => {
    const data = {
      host: 'core-1',
      address: '10.0.0.1',
      user: 'deploy',
      transport: 'openssh',
      because: 'a certificate is set (/k/id-cert.pub)',
      notes: ['IdentityFile ~/.ssh/%C is not used: %C can not be filled in'],
    }
    expect(eventLines({ type: 'host.connected', data } as EventRecord, plain)).toEqual([
      'core-1  connected as deploy at 10.0.0.1',
      "core-1  by the system's ssh: a certificate is set (/k/id-cert.pub)",
      'core-1  IdentityFile ~/.ssh/%C is not used: %C can not be filled in',
    ])
  })

  it('has a JSON form with the names of the inventory', () => {
    expect(JSON.parse(JSON.stringify(hostJson(host)))).toMatchObject({
      host: 'core-1',
      transport: 'openssh',
      identity_files: [`${homedir()}/.ssh/oncall`, '/k/two'],
      jump: [{ host: 'bastion', address: '192.0.2.1' }],
      forward_agent: false,
      sources: { address: 'sitrep.yaml:3', identity_files: '~/.ssh/config:12' },
    })
  })
})
