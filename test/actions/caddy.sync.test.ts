import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { execaSync } from 'execa'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { action } from '../../src/actions/caddy.sync.ts'
import { asUnit } from '../../src/actions/shared/asUnit.ts'
import { adminAddress, differences, readCaddyConfig } from '../../src/actions/shared/caddyConfig.ts'
import { stdoutOf } from '../../src/actions/shared/result.ts'
import { act, around } from '../helpers/act.ts'
import { freePort, listen, privateCaddy } from '../helpers/caddy.ts'
import { tempDir, testSession } from '../helpers/reader.ts'

const root = process.getuid?.() === 0
const has = (program: string) => execaSync(program, ['version'], { reject: false }).exitCode === 0
const caddy = has('caddy')
if (!caddy) console.error('caddy is not installed: the tests that need it do not run')

async function setup() {
  const dir = await tempDir()
  await chmod(dir.path, 0o755)
  await mkdir(dir.at('etc'))
  const [source, path] = [dir.at('source'), dir.at('etc', 'Caddyfile')]
  const server = await privateCaddy(dir.path, path, ['portal.test', 'lims.test'])
  // A unit that is not there: this Caddy belongs to nobody's unit.
  const params = { source, path, unit: 'sitrep-no-such-unit' }
  return { dir, source, path, server, params, session: testSession() }
}

describe.runIf(caddy)('caddy.sync with a real Caddy', () => {
  it('000: a site block is missing; plan shows it, apply serves it, the second time nothing is done', async () => {
    const { dir, source, path, server, params, session } = await setup()
    await using _ = dir
    await using __ = server
    await writeFile(source, server.file(...['portal', 'lims', 'ops'].map((s) => server.site(`${s}.test`))))
    expect(await server.get('ops.test')).toBe('')
    const { plan, verdict, undo } = await act(action, session, params)
    expect(plan.outcome).toBe('would_change')
    expect(plan.because).toMatch(/differs from .*source/)
    expect(plan.evidence).toEqual(['Caddy will serve: ops.test'])
    expect(plan.changes.map(({ do: { say } }) => say)).toEqual([
      `replace ${path} with ${source}`,
      'reload Caddy by its own command',
    ])
    expect(plan.changes[0]!.do.diff!.unified).toContain('+http://ops.test')
    expect(verdict?.verdict).toBe('ok')
    expect(verdict?.reason).toMatch(/^Caddy runs with .*Caddyfile \(adapted sha256 [0-9a-f]{8}…\)$/)
    expect(await server.get('ops.test')).toBe('ops.test')
    const second = await act(action, session, params)
    expect(second.plan).toMatchObject({ outcome: 'in_sync', changes: [] })
    expect(second.plan.because).toContain('and Caddy runs with it')
    expect((await undo()).map(({ result }) => result.exitCode)).toEqual([0, 0])
    expect(await server.get('ops.test')).toBe('')
    expect(await server.get('lims.test')).toBe('lims.test')
  })

  it('inspection leaves nothing on the host, in no folder and no home', async () => {
    const { dir, source, path, server } = await setup()
    await using _ = dir
    await using __ = server
    await writeFile(
      source,
      `${server.file(server.site('x.test'))}y.test {\n\ttls internal\n\tlog {\n\t\toutput file ${dir.at('log')}\n\t}\n}\n`,
    )
    const look = () => execaSync('find', [dir.path, '-printf', '%p %s %T@ %C@\n']).stdout
    const home = testSession({ env: { HOME: dir.at('etc') } })
    const was = look()
    const p = action.params.parse({ source, path, unit: 'sitrep-no-such-unit' })
    const facts = await action.inspect(home, p, around(home))
    expect(facts.wanted).toMatchObject({ is: 'adapted', sites: ['x.test', 'y.test'] })
    expect(look()).toBe(was)
  })

  it('fault 45: a source that Caddy refuses is named in the plan, and stops before anything is replaced', async () => {
    const { dir, source, path, server, params, session } = await setup()
    await using _ = dir
    await using __ = server
    await writeFile(source, server.file('http://x.test {\n\trespnd "x"\n}\n'))
    const was = await readFile(path)
    const { plan, carried } = await act(action, session, params)
    expect(plan.evidence![0]).toMatch(
      /^Caddy refuses the source, so validation will stop it: .*source:7: unrecognized directive: respnd/,
    )
    expect(carried).toHaveLength(1)
    expect(carried[0]!.result.exitCode).toBe(64)
    expect(carried[0]!.stderr).toContain('unrecognized directive: respnd')
    expect(Buffer.compare(await readFile(path), was)).toBe(0)
    expect(await readdir(dir.at('etc'))).toEqual(['Caddyfile'])
  })

  it('a reload that fails: the backup is back and Caddy serves the old configuration', async () => {
    const { dir, source, path, server, params, session } = await setup()
    await using _ = dir
    await using __ = server
    const taken = createServer()
    const port = await listen(taken, 0)
    try {
      // Valid, but its port is taken: only the reload can know.
      await writeFile(source, server.file(server.site('new.test'), `http://:${port} {\n\trespond x\n}\n`))
      const was = await readFile(path)
      const { carried, undo } = await act(action, session, params)
      expect(carried.map(({ result }) => result.exitCode)).toEqual([0, 1])
      expect(carried[1]!.stderr).toContain('address already in use')
      expect((await undo()).map(({ result }) => result.exitCode)).toEqual([0, 0])
      expect(Buffer.compare(await readFile(path), was)).toBe(0)
      // The listener of the refused configuration lives for another moment beside the old one.
      await expect.poll(() => server.get('lims.test')).toBe('lims.test')
      await expect.poll(() => server.get('new.test')).toBe('')
    } finally {
      taken.close()
    }
  })

  it('a file in place that Caddy does not run with: reload only, and the drift is told by site', async () => {
    const { dir, source, path, server, params, session } = await setup()
    await using _ = dir
    await using __ = server
    for (const file of [source, path])
      await writeFile(file, server.file(server.site('lims.test'), server.site('ops.test')))
    const { plan, verdict } = await act(action, session, params)
    expect(plan.because).toMatch(/already matches .*, but Caddy does not run with it$/)
    expect(plan.evidence!.slice(0, 2)).toEqual([
      'in the file, not running: ops.test',
      'running, not in the file: portal.test',
    ])
    expect(plan.changes).toHaveLength(1)
    expect(plan.changes[0]!.undo).toEqual({
      impossible: 'the configuration that Caddy runs with now is in no file',
    })
    expect(verdict?.verdict).toBe('ok')
    expect(await server.get('ops.test')).toBe('ops.test')
  })

  it('follows an admin endpoint that moves, and back', async () => {
    const { dir, source, server, params, session } = await setup()
    await using _ = dir
    await using __ = server
    const next = `localhost:${await freePort()}`
    await writeFile(source, server.file(server.site('lims.test')).replace(server.admin, next))
    const { verdict, undo } = await act(action, session, params)
    expect(verdict?.verdict).toBe('ok')
    expect((await undo()).map(({ result }) => result.exitCode)).toEqual([0, 0])
    expect(await server.get('portal.test')).toBe('portal.test')
  })

  it('relative imports are looked for beside the file', async () => {
    const { dir, source, server, params, session } = await setup()
    await using _ = dir
    await using __ = server
    await mkdir(dir.at('etc', 'sites'))
    await writeFile(dir.at('etc', 'sites', 'ops'), server.site('ops.test'))
    await writeFile(source, server.file('(common) {\n\tencode gzip\n}\n', 'import sites/*\n'))
    const { facts, verdict } = await act(action, session, params)
    expect(facts.wanted).toEqual({
      is: 'skipped',
      reason: 'it imports sites/*, which is looked for beside the file',
    })
    expect(verdict?.verdict).toBe('ok')
    expect(await server.get('ops.test')).toBe('ops.test')
  })

  it('can’t tell where Caddy does not answer, or refuses the file in place', async () => {
    const { dir, source, path, server, params, session } = await setup()
    await using _ = dir
    await using __ = server
    for (const file of [source, path]) await writeFile(file, 'nonsense {\n')
    const refused = await act(action, session, { ...params, admin: server.admin })
    expect(refused.plan.outcome).toBe('cannot_tell')
    expect(refused.plan.because).toContain('but Caddy refuses it')
    const silent = await act(action, session, { ...params, admin: 'localhost:1' })
    expect(silent.plan.because).toMatch(
      /^Caddy's admin endpoint does not answer: localhost:1: exit 7: .*; start Caddy/,
    )
  })

  it('verification tells a Caddy that does not run with the file', async () => {
    const { dir, source, path, server, params, session } = await setup()
    await using _ = dir
    await using __ = server
    await writeFile(source, server.file(server.site('new.test')))
    const { facts } = await act(action, session, params)
    const p = action.params.parse(params)
    const o = { before: facts, applied: [], around: around(session), drawn: { stamp: '', id: '' } }
    expect((await action.verify(session, p, o)).verdict).toBe('ok')
    await fetch(`http://${server.admin}/load`, {
      method: 'POST',
      headers: { 'content-type': 'text/caddyfile' },
      body: server.file(server.site('other.test')),
    })
    expect(await action.verify(session, p, o)).toMatchObject({
      verdict: 'failed',
      reason: `Caddy does not run with ${path}`,
      evidence: expect.arrayContaining(['in the file, not running: new.test']),
    })
    await writeFile(path, 'x {')
    expect((await action.verify(session, p, o)).reason).toContain('has sha256')
  })
})

describe('asUnit', () => {
  // Answers as systemd 252 does.
  const systemctl = (unit: { user: string; group?: string; environment: string; files: string }) => `#!/bin/sh
case $2 in
  --property=User) echo ${unit.user} ;;
  --property=Group) echo ${unit.group ?? ''} ;;
  --property=Environment) cat <<'EOT'
${unit.environment}
EOT
  ;;
  --property=EnvironmentFiles) printf '%b' '${unit.files}' ;;
esac
`

  async function stubbed(unit: Parameters<typeof systemctl>[0]) {
    const dir = await tempDir()
    await chmod(dir.path, 0o755)
    await writeFile(dir.at('systemctl'), systemctl(unit), { mode: 0o755 })
    return { dir, session: testSession({ env: { PATH: `${dir.path}:${process.env.PATH}` } }) }
  }

  it.runIf(root)('runs as the unit’s user with its environment, out of every argv', async () => {
    await using env = await tempDir()
    await writeFile(
      env.at('env'),
      '# comment\n; other\nTOKEN=s3cret-value\n  D = "in quotes"  \nE=\'a $b\'\nF=\nno assignment\nG=last',
    )
    const { dir, session } = await stubbed({
      user: 'daemon',
      environment: 'A=1 "B=two words" "C=a \\"quoted\\" \\\\ word" 1BAD=x PATH=/evil',
      files: `${env.at('env')} (ignore_errors=no)\\n${env.at('no')} (ignore_errors=yes)\\n`,
    })
    await using _ = dir
    const print =
      'id -un; id -gn; for v in A B C D E F G TOKEN HOME; do eval "printf \'%s=[%s]\\n\' $v \\"\\$$v\\""; done; tr "\\0" " " </proc/$$/cmdline'
    const result = await session.run({ argv: asUnit('x.service', 'do', ['sh', '-c', print]) })
    const lines = stdoutOf(result).split('\n')
    expect(lines.slice(0, 11)).toEqual([
      'daemon',
      'daemon',
      'A=[1]',
      'B=[two words]',
      'C=[a "quoted" \\ word]',
      'D=[in quotes]',
      'E=[a $b]',
      'F=[]',
      'G=[last]',
      'TOKEN=[s3cret-value]',
      'HOME=[/usr/sbin]',
    ])
    expect(lines[11]).not.toContain('s3cret')
    const look = await session.run({ argv: asUnit('x.service', 'look', ['sh', '-c', 'echo $HOME']) })
    expect(stdoutOf(look)).toBe('/nonexistent\n')
  })

  it('fails where the environment of the unit can’t be read', async () => {
    const { dir, session } = await stubbed({
      user: '',
      environment: '',
      files: '/no/such (ignore_errors=no)\\n',
    })
    await using _ = dir
    const result = await session.run({ argv: asUnit('x', 'look', ['true']) })
    expect(result.exitCode).toBe(71)
  })

  it('runs as it is where there is no unit', async () => {
    const result = await testSession().run({ argv: asUnit(undefined, 'do', ['printf', '%s', 'a  b']) })
    expect(stdoutOf(result)).toBe('a  b')
  })
})

describe('caddyConfig', () => {
  it('reads sites and admin, and hashes whatever the order of keys is', () => {
    const routes = '"apps":{"http":{"servers":{"s":{"routes":[{"match":[{"host":["b","a"]}]}]}}}}'
    const a = readCaddyConfig(`{"admin":{"listen":"x:1","disabled":true},${routes}}`)!
    const b = readCaddyConfig(`{${routes},"admin":{"disabled":true,"listen":"x:1"}}`)!
    expect(a.config).toEqual({ sha256: b.config.sha256, admin: 'x:1', adminOff: true, sites: ['a', 'b'] })
    expect(readCaddyConfig('null')!.config.sites).toEqual([])
    expect(readCaddyConfig('<html>')).toBeUndefined()
  })

  it('names where two differ, never what stands there', () => {
    const told = differences({ a: [1, { 'x/y': 'secret' }], c: 1 }, { a: [1, { 'x/y': 'other' }, 3], b: 2 })
    expect(told).toEqual([
      '/a/1/x~1y differs',
      '/a/2 is only in the running configuration',
      '/c is only in the file',
      '/b is only in the running configuration',
    ])
    expect(differences(1, 2)).toEqual(['the whole differs'])
    expect(differences({ a: 1, b: 1, c: 1 }, {}, 2).at(-1)).toBe('and 1 more')
  })

  it('reaches every form of admin endpoint', () => {
    expect(adminAddress(':2019')).toEqual({
      address: 'localhost:2019',
      curl: ['http://localhost:2019/config/'],
    })
    expect(adminAddress('0.0.0.0:1').address).toBe('localhost:1')
    expect(adminAddress('[::]:1').address).toBe('[::1]:1')
    expect(adminAddress('tcp/127.0.0.1:1').address).toBe('127.0.0.1:1')
    expect(adminAddress('unix//run/c.sock|0220')).toEqual({
      address: 'unix//run/c.sock',
      curl: ['--unix-socket', '/run/c.sock', 'http://127.0.0.1/config/'],
    })
  })
})

describe('caddy.sync', () => {
  it('its example is valid, and it locks its file and its unit', () => {
    const p = action.params.parse(parse(action.example))
    expect(action.locks(p)).toEqual(['file:/etc/caddy/Caddyfile', 'caddy:caddy'])
    expect(action.params.safeParse({ source: '/a', unit: '--now' }).success).toBe(false)
  })
})
