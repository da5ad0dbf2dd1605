import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { demoAssets } from '../../src/demo/assets.ts'

interface Sites {
  sitesOf(text: string): string[]
}

const { sitesOf } = (await import(join(demoAssets(), 'edge', 'sites.mjs'))) as Sites

describe('the practice proxy reads a configuration', () => {
  it('with the project file as it ships', () => {
    const text = readFileSync(join(demoAssets(), 'edge', 'Caddyfile'), 'utf8')
    expect(sitesOf(text)).toEqual([
      'portal.example.net',
      'lims.example.net',
      'rims.example.net',
      'ops.example.net',
    ])
  })

  it('with several names, ports, nested blocks and comments', () => {
    expect(sitesOf('# x {\na.net, b.net:8080 { # y\n  log {\n  }\n}\n')).toEqual(['a.net', 'b.net'])
  })

  it.each([
    ['a.net {', '1 brace is never closed'],
    ['a.net {\n}\n}', 'line 3: a brace is closed that was never opened'],
    ['$(x) {\n}', 'line 1: $(x) is not a site name'],
  ])('refusing %j', (text, reason) => {
    expect(() => sitesOf(text)).toThrow(reason)
  })
})
