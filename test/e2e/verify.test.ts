import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findErasure } from '../../src/journal/erase.ts'
import { type Tmux, tmux } from '../helpers/tmux.ts'
import { writeBook, writeInventory } from './helpers/book.ts'
import { recorded } from './helpers/running.ts'
import { type Desk, desk, type Ended, program } from './helpers/sitrep.ts'

/** Other test runs may share the machine. */
const patience = 20_000
/** No shape gives it away: only who knows the value finds it. */
const value = 'plain looking words'

let at: Desk
let id: string
let ran: Ended
const file = (name: string) => join(at.cwd, name)
const dir = () => join(at.home, 'incidents', id)
const journals = () => readdirSync(join(dir(), 'journal')).map((name) => join(dir(), 'journal', name))
const everything = () =>
  journals()
    .map((path) => readFileSync(path, 'utf8'))
    .join('')
const eventOf = (type: string) => recorded(at).find((event) => event.type === type)!
const put = (name: string, text: string) => {
  writeFileSync(file(name), text)
  return name
}

beforeEach(async () => {
  at = desk()
  at.env.XDG_STATE_HOME = file('host-state')
  writeInventory(at)
  writeBook(at, [{ id: 'one', with: { run: `for i in $(seq 40); do echo ${value} $i; done` } }])
  ran = await at.sitrep('run', 'book.yaml', '--yes')
  expect(ran.exitCode).toBe(0)
  id = at.incident()
})
afterEach(() => at[Symbol.dispose]())

describe('verify against what was kept elsewhere', () => {
  it('the line at the end of a run, the export and checkpoint.json all hold, also after more was recorded', async () => {
    const line = ran.stderr.split('\n').at(-1)!
    expect(line).toMatch(
      new RegExp(
        `^incident ${id} {2}\\d+ records by 1 writer {2}sha256:[0-9a-f]{64} {2}\\([0-9a-f]{12}:\\d+\\)$`,
      ),
    )
    const kept = [put('line.txt', `${line}\n`), put('p.md', at.postmortem())]
    const flags = kept.flatMap((name) => ['--against', name])
    expect((await at.sitrep('note', id, 'later')).exitCode).toBe(0)
    const whole = await at.sitrep('verify', id, ...flags, '--against', join(dir(), 'checkpoint.json'))
    expect(whole.exitCode).toBe(0)
    expect(whole.stdout).toMatch(/held against line\.txt: \d+ records\n/)
    expect(whole.stdout).toMatch(/the record is whole$/)
    const json = JSON.parse((await at.sitrep('verify', id, ...flags, '--json')).stdout)
    expect(json).toMatchObject({ whole: true, artifacts: { bad: [] }, logs: { bad: [] } })
    expect(json.checkpoint).toEqual(JSON.parse(readFileSync(join(dir(), 'checkpoint.json'), 'utf8')))
  })

  it('fault 42: a cut tail, a changed byte and a changed artifact: exit 1, and each is named', async () => {
    const kept = put('p.md', at.postmortem())
    const [path] = journals() as [string]
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.subarray(0, bytes.lastIndexOf('\n', bytes.length - 2) + 1))
    rmSync(join(dir(), 'checkpoint.json'))
    const alone = await at.sitrep('verify', id)
    expect([alone.exitCode, alone.stdout]).toEqual([
      0,
      expect.stringContaining('held against nothing: no checkpoint'),
    ])
    expect(JSON.parse((await at.sitrep('verify', id, '--json')).stdout)).toMatchObject({ held: false })
    writeFileSync(join(dir(), 'checkpoint.json'), '')
    const cut = await at.sitrep('verify', id, '--against', kept)
    expect(cut.exitCode).toBe(1)
    expect(cut.stdout).toContain('checkpoint.json is not as it was written')
    const changed = Buffer.from(bytes)
    changed[200]! ^= 1
    writeFileSync(path, changed)
    const flipped = await at.sitrep('verify', id)
    expect(flipped.exitCode).toBe(1)
    expect(flipped.stdout).toMatch(/record 1: .*\n/)
    writeFileSync(path, bytes)
    const artifact = join(dir(), 'artifacts', readdirSync(join(dir(), 'artifacts'))[0]!)
    const stored = readFileSync(artifact)
    stored[stored.length - 1]! ^= 1
    writeFileSync(artifact, stored)
    const bad = JSON.parse((await at.sitrep('verify', id, '--json')).stdout)
    expect(bad.artifacts.bad[0].reason).toContain('changed')
  })

  it('what is no checkpoint, or of another incident, is wrong usage', async () => {
    const none = await at.sitrep('verify', id, '--against', put('x.md', '# nothing'))
    expect([none.exitCode, none.stderr]).toEqual([2, expect.stringContaining('holds no checkpoint')])
    const kept = put('p.md', at.postmortem())
    const other = (await at.sitrep('declare', 'Another one')).stdout
    const mixed = await at.sitrep('verify', other, '--against', kept)
    expect([mixed.exitCode, mixed.stderr]).toEqual([2, expect.stringContaining('is of another incident')])
    expect((await at.sitrep('verify', id, '--against', 'missing.md')).exitCode).toBe(2)
  })

  it('an archive verifies as the incident does', async () => {
    const { stdout: archive } = await at.sitrep('archive', id)
    const report = JSON.parse((await at.sitrep('verify', archive, '--json')).stdout)
    expect(report).toMatchObject({ whole: true, checkpoint: { incident: id } })
  })
})

describe('erase', () => {
  it('asks; without a terminal it needs --yes; verify and the timeline say what was erased', async () => {
    const { id: event } = eventOf('step.applied')
    const artifacts = readdirSync(join(dir(), 'artifacts'))
    const size = statSync(journals()[0]!).size
    const asked = await at.sitrep('erase', id, event, '--reason', 'customer data')
    expect([asked.exitCode, asked.stderr]).toEqual([4, expect.stringContaining('give --yes')])
    expect(asked.stderr).toContain('undo and resume of this step')
    expect((await at.sitrep('erase', id, event, '--yes')).exitCode).toBe(2)
    const erased = await at.sitrep('erase', id, event, '--reason', 'customer data', '--yes')
    expect(erased.exitCode).toBe(0)
    expect(erased.stdout).toContain(`erased: ${event}`)
    expect(erased.stdout).toContain(join(dir(), 'postmortem.md'))
    expect(readdirSync(join(dir(), 'artifacts')).length).toBeLessThan(artifacts.length)
    expect(journals().map((path) => statSync(path).size)).toContain(size)
    const verified = await at.sitrep('verify', id)
    expect([verified.exitCode, verified.stdout]).toEqual([
      0,
      expect.stringContaining(`erased: ${event} (customer data)`),
    ])
    expect((await at.sitrep('timeline', id)).stdout).toContain(`Erased event ${event}`)
    const again = await at.sitrep('erase', id, event, '--reason', 'x', '--yes')
    expect([again.exitCode, again.stderr]).toEqual([
      2,
      expect.stringContaining('erased already: customer data'),
    ])
  })

  it('what begins alike is listed with time, type and words; timeline --ids and the help say where ids come from', async () => {
    const { id: event } = eventOf('step.applied')
    const alike = await at.sitrep('erase', id, event.slice(0, 8), '--reason', 'x', '--yes')
    expect(alike.exitCode).toBe(2)
    expect(alike.stderr).toMatch(/\d+ events begin with [0-9a-f]{8}:\n/)
    expect(alike.stderr).toMatch(new RegExp(`^ {2}${event}  20\\S+Z  step\\.applied  here: \\S.*$`, 'm'))
    expect(alike.stderr).toMatch(
      /^ {2}[0-9a-f-]{36} {2}20\S+Z {2}incident\.declared {2}Declared sev\d: A book$/m,
    )
    const lines = (await at.sitrep('timeline', id, '--ids')).stdout.split('\n')
    const plain = (await at.sitrep('timeline', id)).stdout.split('\n')
    expect(lines.map((line) => line.slice(38))).toEqual(plain)
    const known = recorded(at).map((record) => record.id)
    for (const line of lines) expect(known).toContain(line.slice(0, 36))
    const { stdout: help } = await at.sitrep('erase', '--help')
    for (const word of ['--ids', 'artifacts/…', 'logs/…', 'journal/….torn-N']) expect(help).toContain(word)
  })

  it('an incident whose declaration was erased is still listed, read and exported', async () => {
    const { id: event } = eventOf('incident.declared')
    expect((await at.sitrep('erase', id, event, '--reason', 'a name', '--yes')).exitCode).toBe(0)
    expect(JSON.parse((await at.sitrep('list', '--json')).stdout)).toMatchObject([{ id, title: id }])
    expect((await at.sitrep('export', id)).stdout).toContain(`# Postmortem: ${id}`)
    expect((await at.sitrep('verify', id)).exitCode).toBe(0)
  })

  it('what a process left in the middle is told by verify, and finished by what opens the incident', async () => {
    const { id: event } = eventOf('step.applied')
    const { event: found, files } = await findErasure(dir(), event)
    const redo = {
      v: 1,
      pid: 2 ** 22 + 1,
      host: hostname(),
      at: new Date().toISOString(),
      reason: 'data',
      line: found!.line,
      files,
    }
    const path = join(dir(), 'erase-01234567-89ab-cdef-0123-456789abcdef.json')
    writeFileSync(path, JSON.stringify(redo))
    const before = everything()
    const told = await at.sitrep('verify', id)
    expect([told.exitCode, told.stdout]).toEqual([
      0,
      expect.stringContaining(`an erasure is unfinished: ${[event, ...files].join(', ')}`),
    ])
    expect([everything(), existsSync(path)]).toEqual([before, true])
    expect((await at.sitrep('note', id, 'more')).exitCode).toBe(0)
    expect(existsSync(path)).toBe(false)
    const report = JSON.parse((await at.sitrep('verify', id, '--json')).stdout)
    expect(report.whole).toBe(true)
    expect(report.writers.flatMap((writer: { erased?: unknown[] }) => writer.erased ?? [])).toEqual([
      { event, reason: 'data' },
    ])
  })
})

describe('scan', () => {
  it('finds what is known only now, prints the commands that erase it and never the value', async () => {
    expect((await at.sitrep('scan', id)).exitCode).toBe(0)
    at.env.LEAKED = value
    const found = await at.sitrep('scan', id, '--secret', 'LEAKED=env:LEAKED')
    expect(found.exitCode).toBe(1)
    expect(found.stdout + found.stderr).not.toContain(value)
    expect(found.stdout).toMatch(/artifacts\/[0-9a-f]{64}\.gz:1 \(and on 39 more lines\) {2}‹secret:LEAKED›/)
    const commands = [...found.stderr.matchAll(/^ {2}sitrep erase (\S+) (\S+) --reason '([^']+)'$/gm)]
    expect(commands.length).toBeGreaterThan(2)
    for (const [, incident, what, reason] of commands) {
      const erased = await at.sitrep('erase', incident!, what!, '--reason', reason!, '--yes')
      // An artifact may be gone with its event.
      expect([0, 2], erased.stderr).toContain(erased.exitCode)
    }
    expect(everything()).not.toContain(value)
    const left = JSON.parse((await at.sitrep('scan', id, '--secret', 'LEAKED=env:LEAKED', '--json')).stdout)
    expect(left.found.map((one: { file?: string }) => one.file)).toEqual(['postmortem.md'])
    expect((await at.sitrep('export', id, '-o', join(dir(), 'postmortem.md'))).exitCode).toBe(0)
    expect((await at.sitrep('scan', id, '--secret', 'LEAKED=env:LEAKED')).exitCode).toBe(0)
    expect((await at.sitrep('verify', id)).exitCode).toBe(0)
  })

  it('takes no value from the command line, and reads an archive', async () => {
    const refused = await at.sitrep('scan', id, '--secret', `LEAKED=${value}`)
    expect([refused.exitCode, refused.stderr.includes(value)]).toEqual([2, false])
    const { stdout: archive } = await at.sitrep('archive', id)
    const found = await at.sitrep('scan', archive, '--secret', `LEAKED=@${put('leaked', `${value}\n`)}`)
    expect([found.exitCode, found.stderr]).toEqual([1, expect.stringContaining('an archive is only read')])
  })

  it('says which values it did not look for, and why: in an archive all that were not given', async () => {
    const { stdout: empty } = await at.sitrep('scan', '--help')
    expect(empty.replace(/\s+/g, ' ')).toContain('for an archive, which may come from elsewhere, only those')
    at.env.BOOK_TOKEN = 'Tr0ub4dor&3-zebra'
    writeBook(at, [{ id: 'one', with: { run: 'true {{ params.token }}' } }], {
      params: { token: { secret: true, from: 'env:BOOK_TOKEN' } },
    })
    expect((await at.sitrep('run', 'book.yaml', '--yes', '--incident', id)).exitCode).toBe(0)
    expect((await at.sitrep('scan', id)).stderr).toBe('nothing was found')
    const { stdout: archive } = await at.sitrep('archive', id)
    const packed = await at.sitrep('scan', archive)
    expect(packed.exitCode).toBe(0)
    expect(packed.stderr).toContain('an archive may come from elsewhere, so env:BOOK_TOKEN is not read')
    expect(packed.stderr).toMatch(/nothing was found by shape; these values were not looked for: token$/)
    const given = await at.sitrep('scan', archive, '--secret', 'token=env:BOOK_TOKEN')
    expect([given.exitCode, given.stderr]).toEqual([0, 'nothing was found'])
    delete at.env.BOOK_TOKEN
    expect((await at.sitrep('scan', id)).stderr).toContain('it is not known here (env:BOOK_TOKEN)')
    expect(JSON.parse((await at.sitrep('scan', id, '--json')).stdout).not_looked_for).toEqual([
      { name: 'token', source: 'env:BOOK_TOKEN', why: 'absent' },
    ])
  })

  it('on a terminal asks for each, and erases what was said yes to', async () => {
    at.env.LEAKED = value
    expect((await at.sitrep('note', id, `it said ${value}`)).exitCode).toBe(0)
    const { id: note } = eventOf('note.added')
    const script = `${[...program, 'scan', id, '--secret', 'LEAKED=env:LEAKED'].join(' ')}; echo "ended with $?"; sleep 600`
    const t: Tmux = await tmux({
      command: ['sh', '-c', script],
      cwd: at.cwd,
      env: at.env,
      columns: 150,
      rows: 50,
    })
    try {
      for (let asked = 1; ; asked++) {
        const question = new RegExp(`(?:Erase this\\?[\\s\\S]*?){${asked}} *$|ended with`)
        const screen = await t.see(question, patience)
        if (screen.includes('ended with')) break
        const [last = ''] = screen.split('Erase this?').slice(-2)
        await t.type(last.includes(`event ${note}: note.added`) ? 'y' : 'n')
        await t.press('Enter')
      }
      expect(await t.see(/ended with/, patience)).toContain('ended with 1')
    } finally {
      await t.kill()
    }
    const erased = recorded(at).filter(({ data }) => data === undefined)
    expect(erased.map((event) => event.id)).toEqual([note])
    expect((await at.sitrep('verify', id)).exitCode).toBe(0)
  })
})
