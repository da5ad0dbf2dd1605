import { describe, expect, it } from 'vitest'
import { adHocHost, chooseHosts } from '../../src/inventory/choose.ts'
import { parseInventory } from '../../src/inventory/load.ts'

const operator = { user: 'ana', home: '/home/ana' }
const { inventory } = parseInventory(
  'hosts:\n  core-1: { groups: [core, all] }\n  core-2: { groups: [core] }\n  edge-1: { groups: all }\n',
  'sitrep.yaml',
  operator,
)
const names = (...asked: string[]) => chooseHosts(inventory!, asked).map(({ name }) => name)

describe('choosing hosts', () => {
  it('takes names and groups, each host once, in the order asked', () => {
    expect(names('edge-1', 'core')).toEqual(['edge-1', 'core-1', 'core-2'])
    expect(names('core-2', 'core', 'all')).toEqual(['core-2', 'core-1', 'edge-1'])
    expect(names()).toEqual([])
  })

  it('tells every unknown name, with those that are near', () => {
    expect(() => names('cor', 'core-1', 'x y')).toThrow(
      'unknown host or group "cor"; did you mean "core"?\nunknown host or group "x y"',
    )
    expect(() => chooseHosts({ hosts: [], confirmOver: 3 }, ['a'])).toThrow(/unknown host or group "a"/)
  })
})

describe('a host that is only named', () => {
  it.each([
    [
      'edge',
      {
        name: 'edge',
        address: 'edge',
        port: 22,
        user: 'ana',
        unsaid: expect.arrayContaining(['address', 'port', 'user']),
      },
    ],
    ['deploy@10.0.0.1:2222', { name: '10.0.0.1', address: '10.0.0.1', port: 2222, user: 'deploy' }],
    ['[fe80::1]:22', { name: 'fe80::1', address: 'fe80::1', port: 22 }],
  ])('%s', (text, host) => {
    expect(adHocHost(text, operator)).toMatchObject(host)
  })

  it.each([
    '-oProxyCommand=x',
    'a b',
    '@x',
    'x@',
    'x@-y',
    'a:0',
    'a:99999',
    '$(id)',
    'a`id`',
    'a\nb',
    'a\0b',
    '',
    'u ser@h',
    '-l@h',
  ])('fault 9: %j is refused', (text) => {
    expect(() => adHocHost(text, operator)).toThrow(/is not a host/)
  })
})
