import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/model/host.ts'
import { valuesScope } from '../../src/runbook/scope.ts'
import { substitute } from '../../src/runbook/template.ts'

const host: Host = {
  name: 'core-1',
  transport: 'ssh2',
  address: '10.0.4.11',
  port: 22,
  user: 'deploy',
  groups: [],
  production: false,
  path: [],
  env: {},
  vars: { dir: '/opt/core', size: 'big' },
}
const params = { app: 'core', port: 3002, on: true, list: ['a', 'b'], token: { secret: 'token' } }
const scope = valuesScope({
  host,
  params,
  vars: { dir: '/srv', color: 'red' },
  steps: new Map([['look', 'ok 3']]),
})
const fill = (value: unknown) => substitute(value, scope)
const value = (text: unknown) => fill(text).value
const said = (text: unknown) => fill(text).problems.map(({ message }) => message)

describe('substitution', () => {
  it('fills in parameters, variables, the host and outputs', () => {
    expect(value('{{ params.app }}:{{params.port}}')).toBe('core:3002')
    expect(value('{{ host.name }} {{ host.address }} {{ host.user }} {{ host.vars.size }}')).toBe(
      'core-1 10.0.4.11 deploy big',
    )
    expect(value('{{ steps.look.output }}!')).toBe('ok 3!')
  })

  it("lets the inventory's variables win over the runbook's", () => {
    expect(value('{{ vars.dir }} {{ vars.color }}')).toBe('/opt/core red')
  })

  it('leaves everything else in braces as text', () => {
    const docker = `docker ps --format '{{.Names}}' {{ json . }} {{params}} {{ range .x }} {a} {{}} {{ .params.x }}`
    expect(fill(docker)).toEqual({ value: docker, problems: [] })
  })

  it('keeps the type of a value that is one whole template', () => {
    expect(
      value({
        a: '{{ params.port }}',
        b: ' {{ params.on }} ',
        c: '{{ params.list }}',
        d: ['{{ params.app }}'],
      }),
    ).toEqual({ a: 3002, b: true, c: ['a', 'b'], d: ['core'] })
  })

  it('leaves out a whole template that has no value, and refuses one inside a text', () => {
    expect(value({ a: '{{ params.none }}', b: 1, c: ['{{ params.none }}', 2] })).toEqual({ b: 1, c: [2] })
    expect(said('x {{ params.none }}')).toEqual(['{{ params.none }} has no value; give it one, or a default'])
    expect(said('x {{ params.list }}')).toEqual([
      '{{ params.list }} is a list, which can not stand inside a text',
    ])
  })

  it('makes a secret a reference, alone or as a part of its text', () => {
    expect(value('{{ params.token }}')).toEqual({ secret: 'token' })
    expect(value('Bearer {{ params.token }} for {{ params.app }}')).toEqual([
      'Bearer ',
      { secret: 'token' },
      ' for core',
    ])
  })

  it('does not fill in what came out of a value', () => {
    const evil = valuesScope({ host, params: { a: '{{ params.token }}', token: { secret: 'token' } } })
    expect(substitute('x {{ params.a }}', evil).value).toBe('x {{ params.token }}')
  })

  it('says which step has to run first, by its id', () => {
    expect(fill({ x: 'a {{ steps.later.output }}' }).after).toBe('later')
    const named = valuesScope({ host, params: {}, steps: { get: () => undefined, id: () => 'build' } })
    expect(substitute('{{ steps.image.output }}', named).after).toBe('build')
  })

  it('tells of names that are not there', () => {
    expect(said('{{ host.vars.siz }}')).toEqual([
      'the host "core-1" has no variable "siz"; did you mean "size"?',
    ])
    expect(said('{{ host.nam }}')).toEqual(['unknown property of a host "nam"; did you mean "name"?'])
    expect(said('{{ vars.colour }}')).toEqual(['unknown variable "colour"; did you mean "color"?'])
    expect(said('{{ params.a b }}')[0]).toMatch(/can not be read/)
    expect(said('{{ host.name.x }}')[0]).toMatch(/can not be read/)
    expect(said({ '{{ params.app }}': 1 })).toEqual(['a template can not stand in a key'])
  })

  it('warns of a near miss, which stays text', () => {
    expect(fill('{{ param.app }} {{ .param.app }} {{ user.app }}').problems).toMatchObject([
      { warning: true, message: expect.stringContaining('did you mean "params"?') },
    ])
  })

  it('takes the words of a list and mappings under a shell key for what they are', () => {
    const { value } = substitute(
      {
        run: ['a', '{{ params.app }}'],
        undo: { run: 'x {{ params.app }}' },
        env: { run: '{{ params.app }}' },
      },
      scope,
      ['run', 'undo'],
    )
    expect(value).toEqual({
      run: ['a', 'core'],
      undo: { run: { shell: `x 'core'`, secrets: {} } },
      env: { run: 'core' },
    })
  })
})
