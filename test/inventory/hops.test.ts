import { describe, expect, it } from 'vitest'
import { completeHost } from '../../src/inventory/complete.ts'
import { hostsOf, operatorHome } from './helpers/config.ts'

const { completed } = operatorHome()

const config = `Host bastion
  HostName 192.0.2.1
  User gate
  Port 2200
Host inner
  HostName 10.0.0.2
  ProxyJump elsewhere
Host chained
  ProxyJump inner
Host elsewhere
  HostName 192.0.2.9
`

describe('jump hosts', () => {
  it('fault 8: are filled in under their own names, by ssh and by the inventory', async () => {
    const host = await completed(
      config,
      `hosts:
  core-1: { jump: [bastion, "ana@inner:2022", 198.51.100.7] }
  inner: { address: 10.9.9.9, user: root, known_hosts: /k/inner, identity_file: /k/id }
`,
    )
    expect(host.unusable).toBeUndefined()
    expect(host.via).toMatchObject([
      { name: 'bastion', address: '192.0.2.1', user: 'gate', port: 2200 },
      {
        name: 'inner',
        address: '10.9.9.9',
        user: 'ana',
        port: 2022,
        knownHosts: ['/k/inner'],
        identityFiles: ['/k/id'],
      },
      { name: '198.51.100.7', address: '198.51.100.7', port: 22 },
    ])
    for (const hop of host.via ?? []) {
      expect(hop).not.toHaveProperty('via')
      expect(hop).not.toHaveProperty('unsaid')
    }
  })

  it('fault 8: a ProxyJump of the OpenSSH configuration does the same, with its tokens', async () => {
    const host = await completed(
      'Host core-1\n  User deploy\n  ProxyJump %r@gate:2022,two\n',
      'hosts: { core-1: {}, gate: { address: 192.0.2.77 } }',
    )
    expect(host.jump).toEqual(['deploy@gate:2022', 'two'])
    expect(host.via).toMatchObject([
      { name: 'gate', address: '192.0.2.77', user: 'deploy', port: 2022 },
      { name: 'two', address: 'two' },
    ])
    expect(await completed('ProxyJump none', 'hosts: { h: {} }')).not.toHaveProperty('via')
  })

  it('the first hop has a way of its own; a further one is reached through the hop before it', async () => {
    const chained = await completed(config, 'hosts: { chained: {} }')
    expect(chained.via?.[0]).toMatchObject({
      name: 'inner',
      via: [{ name: 'elsewhere', address: '192.0.2.9' }],
    })
    const through = await completed(config, 'hosts: { h: { jump: [bastion, inner] } }')
    expect(through.via?.[1]).toMatchObject({ name: 'inner', address: '10.0.0.2' })
    expect(through.via?.[1]).not.toHaveProperty('via')
  })

  it('a circle is told, and holds up no other host', async () => {
    const circle = 'Host b\n  ProxyJump c\nHost c\n  ProxyJump a\n'
    const a = await completed(circle, 'hosts: { a: { jump: b }, e: {} }')
    expect(a.unusable?.reason).toContain('a → b → c → a')
    const [, e] = hostsOf('hosts: { a: { jump: b }, e: {} }')
    expect((await completeHost(e!, { configFile: 'none' })).unusable).toBeUndefined()
    const own = await completed('ProxyJump bastion', 'hosts: { h: {} }')
    expect(own.unusable?.reason).toMatch(/the jump host bastion: .*jumphost loop/)
  })

  it('a hop that needs the system’s ssh asks for it for the whole way', async () => {
    const host = await completed(
      'Host gate\n  PKCS11Provider /usr/lib/p.so\n',
      'hosts: { h: { jump: gate } }',
    )
    expect(host).toMatchObject({
      transport: 'openssh',
      because: "the jump host gate needs the system's ssh (a PKCS11Provider is set)",
    })
  })

  it('fault 9: a hop that could be an option is refused', async () => {
    for (const hop of ['-oProxyCommand=id', 'a b', 'x@-y', 'a$(id)', 'a`id`'])
      expect(() => hostsOf(`hosts: { h: { jump: ["${hop}"] } }`)).toThrow()
    const local = await completed('', 'hosts: { h: { jump: here }, here: { transport: local } }')
    expect(local.unusable?.reason).toContain('is this machine')
  })
})
