import { describe, expect, it } from 'vitest'
import { formatFinding } from '../../src/runbook/findings.ts'
import { lintRunbook } from '../../src/runbook/lint.ts'
import { parseRunbook } from '../../src/runbook/load.ts'
import { kinds } from './kinds.ts'

function warnings(step: string, checks = '[]'): string[] {
  const text = `runbook: x\ntitle: X\nparams: { t: { secret: true } }\nchecks: ${checks}\nsteps:\n  - id: a\n    title: A\n${step.replace(/^/gm, '    ')}\n`
  const { runbook, findings } = parseRunbook(text, 'r.yaml', kinds)
  expect(findings).toEqual([])
  return lintRunbook(runbook!, kinds).map(formatFinding)
}

const shell = (run: string, more = 'creates: /x') =>
  `uses: shell\nwith:\n  run: ${JSON.stringify(run)}\n  ${more}`

describe('warnings', () => {
  it.each([
    ['curl -fsS http://x', /^r.yaml:10:12: warning: curl without a timeout/],
    ['a && curl -s \\\n  http://x', /curl without a timeout/],
    ['rm -rf /srv/x', /rm -rf destroys data/],
    ['rm -r -f /srv/x', /rm -rf destroys data/],
    ['docker compose -f x.yml down -v', /down -v destroys data/],
    ['psql -c "DROP TABLE a"', /DROP destroys data/],
    ['psql -c "delete from a"', /DELETE without WHERE/],
    ['mkfs.ext4 /dev/sda', /writing over a device/],
    ['docker volume prune -f', /prune destroys/],
    ['echo eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJlLWhlcmU', /looks like a token/],
    ['x postgres://core:hunter22@db/core', /a connection string with a password/],
  ])('%s', (run, message) => {
    expect(warnings(shell(run)).join('\n')).toMatch(message)
  })

  it.each([
    'curl -m 5 http://x',
    'curl -fsSm 5 http://x',
    'curl --max-time 5 http://x',
    'rm -r /srv/x',
    'rm /srv/x',
    'docker compose down',
    'echo "delete from a where b"',
    'x postgres://{{ params.t }}',
  ])('nothing about %s', (run) => {
    expect(warnings(shell(run))).toEqual([])
  })

  it('want a changing shell step to be checked', () => {
    expect(warnings(shell('make it', '')).join()).toMatch(/nothing tells whether this step worked/)
    expect(warnings(shell('look', 'changes: false'))).toEqual([])
    expect(warnings(shell('make it', 'expect: { exit: 0 }'))).toEqual([])
  })

  it('see secrets in clear, by the name of their key and by their shape', () => {
    const env = (value: string) =>
      `uses: pm2.restart\nwith: { name: a, cwd: /x, env: { DB_PASSWORD: "${value}" } }`
    expect(warnings(env('hunter22'))).toEqual([
      'r.yaml:9:51: warning: "DB_PASSWORD" looks like a secret in clear; use a secret parameter',
    ])
    expect(warnings(env('{{ params.t }}'))).toEqual([])
    expect(
      warnings('uses: put\nwith: { path: /x, source: { text: "-----BEGIN RSA PRIVATE KEY-----" } }').join(),
    ).toMatch(/a private key in clear/)
    expect(warnings('uses: env.require\nwith: { file: /x, keys: [DB_PASSWORD] }')).toEqual([])
  })

  it('look at checks too', () => {
    expect(warnings('uses: manual', '[{ id: c, command: "curl http://x" }]').join()).toMatch(
      /curl without a timeout/,
    )
  })
})
