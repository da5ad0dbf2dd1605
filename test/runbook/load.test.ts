import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { formatFinding } from '../../src/runbook/findings.ts'
import { loadRunbook, parseRunbook } from '../../src/runbook/load.ts'
import { kinds } from './kinds.ts'

const load = (text: string) => parseRunbook(text, 'r.yaml', kinds)
const told = (text: string) =>
  load(text).findings.map((finding) => formatFinding(finding).replace('r.yaml:', ''))
const head = 'runbook: x\ntitle: X\n'
const step = (lines: string) =>
  `${head}params: { app: core, token: { secret: true } }\nsteps:\n  - id: a\n    title: A\n${lines.replace(/^/gm, '    ')}\n`

describe('a valid runbook', () => {
  const { runbook, findings } = load(`runbook: core
title: Core
description: D
symptoms: it is broken
params:
  app: core
  port: { default: 3002, description: P }
  list: [a, b]
  token: { secret: true, from: "env:T" }
  maybe: { required: false }
vars: { color: red, n: 3 }
hosts: core
logs:
  - pm2: "{{ params.app }}"
  - { unit: nginx, hosts: [edge] }
  - file:/var/log/x.log
checks:
  - id: up
    http: http://127.0.0.1/
    within: 1m
  - id: port
    title: The port
    port: { port: "{{ params.port }}" }
steps:
  - id: one
    title: One of {{ params.app }}
    uses: shell
    as: root
    timeout: 90s
    settle: 500ms
    register: out
    with: { run: "echo '{{ params.app }}' {{ params.token }}" }
  - id: two
    title: Two
    uses: pm2.restart
    hosts: [core, edge]
    if: steps.one ok
    with: { name: "{{ steps.out.output }}", cwd: /x, env: { T: "{{ params.token }}" }, args: "{{ params.list }}", port: "{{ params.port }}" }
  - id: three
    title: Three
    uses: manual
    if: checks.up failed
`)

  it('has no findings and all its parts', () => {
    expect(findings).toEqual([])
    expect(runbook).toMatchObject({
      name: 'core',
      symptoms: ['it is broken'],
      vars: { color: 'red', n: '3' },
      hosts: ['core'],
    })
    expect(runbook?.params.map(({ name, type, required, secret }) => [name, type, required, secret])).toEqual(
      [
        ['app', 'string', false, false],
        ['port', 'number', false, false],
        ['list', 'list', false, false],
        ['token', 'string', true, true],
        ['maybe', 'string', false, false],
      ],
    )
    expect(runbook?.logs.map(({ kind, name, hosts }) => [kind, name, hosts])).toEqual([
      ['pm2', '{{ params.app }}', undefined],
      ['unit', 'nginx', ['edge']],
      ['file', '/var/log/x.log', undefined],
    ])
    expect(runbook?.checks).toMatchObject([
      { id: 'up', title: 'up', kind: 'http', with: { url: 'http://127.0.0.1/' }, within: 60 },
      { title: 'The port', kind: 'port' },
    ])
    expect(runbook?.steps).toMatchObject([
      { id: 'one', as: 'root', timeout: 90, settle: 0.5, register: 'out', rerun: 'unsafe' },
      { id: 'two', hosts: ['core', 'edge'], if: 'steps.one ok' },
      { id: 'three', with: {} },
    ])
  })

  it('still knows where its values stand', () => {
    expect(runbook?.steps[1]?.locate(['env', 'T'])).toEqual({ file: 'r.yaml', line: 38, column: 64 })
    expect(runbook?.checks[1]?.locate(['port']).line).toBe(23)
    expect(runbook?.steps[0]?.at.line).toBe(25)
  })
})

describe('mistakes', () => {
  it('five different mistakes give five messages with positions', () => {
    expect(
      told(`${head}hostz: core
steps:
  - { id: a, title: A, uses: pm2.restrat }
  - { id: a, title: B, uses: manual }
  - id: c
    title: C
    uses: pm2.restart
    with: { name: "{{ params.ap }}", cwd: relative }
`),
    ).toEqual([
      '3:1: unknown key "hostz"; did you mean "hosts"?',
      '5:30: unknown action "pm2.restrat"; did you mean "pm2.restart"?',
      '6:11: the name "a" is already used in line 5',
      '10:20: unknown parameter "ap"',
      '10:43: expected an absolute path, without line breaks',
    ])
  })

  it.each([
    ['uses: shell', '5:5: "run" is missing'],
    ['uses: shell\nwith: { run: 3 }', '8:18: expected shell text'],
    ['uses: manual\nwith: { aks: x }', '8:13: unknown key "aks"; did you mean "ask"?'],
    ['uses: manual\nwith: { "text, more": x }', 'a text with a comma wants quotes'],
    ['uses: manual\nconfirm: yes', '8:14: expected "auto" or "ask" or "typed"'],
    ['uses: manual\ntimeout: 5x', '8:14: expected a duration'],
    ['uses: manual\nif: steps.a ok', 'the step "a" does not come before this one'],
    ['uses: manual\nif: steps.b ok', 'unknown step "b"'],
    ['uses: manual\nif: checks.b ok', 'unknown check "b"'],
    ['uses: manual\nif: always', 'expected "steps.ID ok"'],
    [
      'uses: manual\nrevert_after: 90s',
      "8:5: revert_after: manual can't go back by itself; file.sync, caddy.sync, env.set, nginx.*, shell can",
    ],
    ['uses: shell\nwith: { run: a }\nrevert_after: 90s', '9:5: revert_after: shell needs an undo for it'],
    [
      'uses: shell\nwith: { run: a, undo: b }\nrevert_after: 60s',
      '9:19: revert_after must be longer than the step may take: 60 s (within 0 s, settle 0 s, its command 60 s)',
    ],
    [
      'uses: shell\nwith: { run: a, undo: b }\ntimeout: 10s\nwithin: 20s\nsettle: 5s\nrevert_after: 35s',
      'revert_after must be longer than the step may take: 35 s (within 20 s, settle 5 s, its command 10 s)',
    ],
    [
      'uses: shell\nwith: { run: a, undo: "b {{ params.token }}" }\nrevert_after: 90s',
      '8:27: revert_after: {{ params.token }} is secret, and a secret is never left on a host for later',
    ],
    ['uses: manual\nas: "{{ params.token }}"', 'a secret parameter can not stand here'],
    ['uses: manual\nhosts: "{{ params.app }}"', 'not a name of a host or group'],
    ['uses: manual\nserial: 120%', 'expected a number or a percentage'],
    [
      'uses: env.require\nwith: { file: "/x/{{ params.token }}", keys: [A] }',
      'text with a secret parameter can not stand here',
    ],
    [
      'uses: env.require\nwith: { file: /x, keys: "{{ params.token }}" }',
      'a secret parameter can not stand here',
    ],
    ['uses: env.require\nwith: { file: /x, keys: [] }', 'must not be empty'],
    [
      'uses: shell\nwith: { run: "echo $({{ params.app }})" }',
      '8:26: {{ params.app }} can not stand inside $( )',
    ],
    ['uses: put\nwith: { path: /x, source: { local: 3 } }', '8:40: expected text, found the number 3'],
    ['uses: put\nwith: { path: /x, source: relative }', 'expected an absolute path'],
    ['uses: manual\nwith: { ask: "{{ steps.a.output }}" }', 'the step "a" does not come before this one'],
    ['uses: manual\nwith: { ask: "{{ param.app }}" }', 'warning: {{ param.app }} stays as it is'],
  ])('%s', (lines, message) => {
    expect(told(step(lines)).join('\n')).toContain(message)
  })

  it.each([
    ['[1]', 'a runbook is a mapping'],
    ['', 'a runbook is a mapping'],
    [`${head}steps: []`, 'must not be empty'],
    [`${head}params: { a b: 1 }\nsteps: []`, 'a name has letters'],
    [`${head}params: { a: { type: number, default: x } }\nsteps: []`, 'the default must be a number'],
    [`${head}params: { a: { pattern: "(" } }\nsteps: []`, 'not a regular expression'],
    [
      `${head}params: { a: { pattern: "x", default: xy } }\nsteps: []`,
      'the default does not match the pattern x',
    ],
    [`${head}params: { a: { secret: true, type: list } }\nsteps: []`, 'a secret parameter is a string'],
    [`${head}params: { A: { secret: true }, a: { secret: true } }\nsteps: []`, 'differ too little'],
    [`${head}params: { a: { from: x } }\nsteps: []`, 'expected env:NAME'],
    [`${head}vars: { a: "{{ params.x }}" }\nsteps: []`, 'templates are not filled in here'],
    [`${head}logs: [{ pm2: a, unit: b }]\nsteps: []`, 'a log has exactly one kind'],
    [`${head}logs: ["pm3:a"]\nsteps: []`, 'unknown kind of log "pm3"; did you mean "pm2"?'],
    [`${head}logs: [{ pm2: "a b" }]\nsteps: []`, 'not a name of a log'],
    [`${head}checks: [{ id: a, http: x, port: 3 }]\nsteps: []`, 'a check has one kind, this has 2'],
    [`${head}checks: [{ id: a }]\nsteps: []`, 'this check has no kind; it may be http, port, command'],
    [`${head}checks: [{ id: a, port: 70000 }]\nsteps: []`, 'expected a port from 1 to 65535'],
    [
      `${head}checks: [{ id: a, http: { url: x, expect: { status: ok } } }]\nsteps: []`,
      'r.yaml:3:53: must match',
    ],
    [`${head}checks: [{ id: a, http: "{{ steps.x.output }}" }]\nsteps: []`, 'unknown step "x"'],
    ['%YAML 1.1\n---\n', '%YAML 1.1 is not read'],
  ])('%s', (text, message) => {
    const { runbook, findings } = load(text)
    expect(runbook).toBeUndefined()
    expect(findings.map(formatFinding).join('\n')).toContain(message)
  })

  it('does not judge what a template leaves open', () => {
    const open =
      'uses: pm2.restart\nwith: { name: "{{ params.app }}", cwd: "{{ params.app }}", port: "{{ params.app }}", args: "{{ params.app }}", env: "{{ params.app }}" }'
    expect(told(step(open))).toEqual([])
    expect(told(step('uses: put\nwith: { path: "{{ params.app }}/x", source: "{{ params.app }}" }'))).toEqual(
      [],
    )
    expect(
      told(
        step(
          'uses: put\nwith: { path: /x, source: { local: "{{ params.app }}" }, validate: "true {candidate} {{ params.token }}" }',
        ),
      ),
    ).toEqual([])
    expect(told(step('uses: put\nwith: { path: /x, source: { text: "a {{ params.token }}" } }'))).toEqual([])
  })
})

describe('the file', () => {
  it('is read with its hash and its folder', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'sitrep-load-'))
    const file = join(dir, 'a.yaml')
    await writeFile(file, step('uses: manual'))
    const { runbook } = await loadRunbook(file, kinds)
    expect(runbook).toMatchObject({ file, dir, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
    await writeFile(file, 'x'.repeat(600_000))
    expect((await loadRunbook(file, kinds)).findings[0]?.message).toMatch(/at most 524288 are read/)
    expect((await loadRunbook(join(dir, 'none.yaml'), kinds)).findings[0]?.message).toBe(
      'there is no such file',
    )
    expect((await loadRunbook(dir, kinds)).findings[0]?.message).toBe('this is a folder, not a file')
    expect((await loadRunbook('/dev/zero', kinds)).findings[0]?.message).toBe('this is not a regular file')
  })
})

it('a log may name the user that reads it', () => {
  const text =
    'runbook: x\ntitle: X\nhosts: a\nlogs:\n  - { unit: nginx, as: root }\nsteps:\n  - { id: s, title: S, uses: manual, with: { ask: done } }\n'
  expect(parseRunbook(text, 'x.yaml', kinds).runbook?.logs).toMatchObject([
    { kind: 'unit', name: 'nginx', as: 'root' },
  ])
})
