import { describe, expect, it } from 'vitest'
import { SitrepError } from '../../src/model/errors.ts'
import type { Host } from '../../src/model/host.ts'
import { parseRunbook } from '../../src/runbook/load.ts'
import { resolveCheck, resolveLog, resolveStep } from '../../src/runbook/resolve.ts'
import { kinds } from './kinds.ts'

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
  vars: { who: 'app' },
}
const { runbook, findings } = parseRunbook(
  `runbook: x
title: X
params: { app: core, port: 1, dir: /opt, token: { secret: true, required: false }, list: [a] }
logs: [{ pm2: "{{ params.app }}-{{ host.name }}" }]
checks:
  - { id: c, title: "{{ params.app }} answers", port: "{{ params.port }}" }
steps:
  - id: one
    title: Restart {{ params.app }}
    uses: pm2.restart
    as: "{{ host.vars.who }}"
    with: { name: "{{ params.app }}", cwd: "{{ params.dir }}/x", port: "{{ params.port }}", env: { T: "{{ params.token }}" }, args: "{{ params.list }}" }
  - { id: two, title: Two, uses: shell, register: image, with: { run: "run '{{ params.app }}' {{ params.token }}", unless: "{{ params.dir }}" } }
  - { id: three, title: Three, uses: manual, with: { ask: "{{ steps.image.output }}?" } }
`,
  'r.yaml',
  kinds,
)
const [one, two, three] = runbook?.steps ?? []
const params = { app: "it's", port: 3002, dir: '/opt', token: { secret: 'token' }, list: ['a', 'b'] }
const action = (name: string) => kinds.actions.find((action) => action.name === name)!

function thrown(run: () => unknown): SitrepError {
  try {
    run()
  } catch (error) {
    return error as SitrepError
  }
  throw new Error('nothing was thrown')
}

describe('a step filled in for a host', () => {
  it('gives the parsed parameters, the title and the user', () => {
    expect(findings).toEqual([])
    expect(resolveStep(one!, { host, params, action: action('pm2.restart') })).toEqual({
      with: { name: "it's", cwd: '/opt/x', port: 3002, env: { T: { secret: 'token' } }, args: ['a', 'b'] },
      title: "Restart it's",
      as: 'app',
    })
  })

  it('gives shell text with its secrets', () => {
    const block = resolveStep(two!, { host, params, action: action('shell') })
    expect(block).toMatchObject({
      with: {
        run: {
          shell: `run 'it'\\''s' "\${SITREP_SECRET_TOKEN}"`,
          secrets: { SITREP_SECRET_TOKEN: { secret: 'token' } },
        },
        unless: { shell: `'/opt'`, secrets: {} },
      },
    })
  })

  it('waits for a step whose output it needs', () => {
    const manual = action('manual')
    const steps = new Map<string, string>()
    expect(resolveStep(three!, { host, params, steps, action: manual })).toEqual({ after: 'image' })
    steps.set('image', 'v2')
    expect(resolveStep(three!, { host, params, steps, action: manual })).toEqual({
      with: { ask: 'v2?' },
      title: 'Three',
    })
  })

  it('tells every value that does not fit, with the place of the first', () => {
    const error = thrown(() =>
      resolveStep(one!, {
        host,
        params: { ...params, port: 70_000, dir: 'relative' },
        action: action('pm2.restart'),
      }),
    )
    expect(error).toBeInstanceOf(SitrepError)
    expect(error.kind).toBe('usage')
    expect(error.message).toBe(
      'cwd: expected an absolute path, without line breaks\nport: expected a port from 1 to 65535',
    )
    expect(error.where).toBe('r.yaml:12:44')
  })

  it('refuses what a host does not have, a value that is missing, and a user that is none', () => {
    const other = { ...host, vars: {} }
    expect(
      thrown(() => resolveStep(one!, { host: other, params, action: action('pm2.restart') })).message,
    ).toMatch(/no variable "who"/)
    const bad = { ...host, vars: { who: '-x y' } }
    expect(
      thrown(() => resolveStep(one!, { host: bad, params, action: action('pm2.restart') })).message,
    ).toBe('"-x y" is not the name of a user')
    expect(
      thrown(() => resolveStep(two!, { host, params: { token: params.token }, action: action('shell') }))
        .message,
    ).toMatch(/has no value/)
  })
})

describe('checks and logs', () => {
  it('are filled in the same way', () => {
    const [check] = runbook?.checks ?? []
    expect(resolveCheck(check!, { host, params, kind: kinds.checks[1]! })).toEqual({
      with: { port: 3002 },
      title: "it's answers",
    })
    expect(resolveLog(runbook!.logs[0]!, { host, params })).toEqual({ kind: 'pm2', name: "it's-core-1" })
  })

  it('can not wait for a step', () => {
    const check = { ...runbook!.checks[0]!, with: { port: '{{ steps.image.output }}' } }
    expect(thrown(() => resolveCheck(check, { host, params, kind: kinds.checks[1]! })).message).toMatch(
      /can not use the output of a step/,
    )
  })
})
