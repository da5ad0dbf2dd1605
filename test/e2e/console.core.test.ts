import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { labSuite } from '../lab/needs.ts'
import {
  approves,
  expectSane,
  journal,
  journaled,
  type Sitting,
  sit,
  until,
  yourTurn,
} from './helpers/console.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

const body = '{"username":"a","password":"b"}'
const login = `curl -s -o /dev/null -w '%{http_code}' -X POST -H 'content-type: application/json' -d '${body}' http://127.0.0.1:3002/auth/login`

labSuite(
  'the console on a real host with report 004',
  (lab) => {
    let at: Desk
    const status = async () => (await lab.exec('core-1', ['sh', '-c', login])).stdout

    beforeEach(async () => {
      at = desk({ CORE_CHECK_PASSWORD: 'practice-pass-4711' })
      await lab.break('core-cwd', 'core-1')
    })
    afterEach(() => at[Symbol.dispose]())

    /** From the home screen to the room of a new incident, with core-pm2 planned on core-1. */
    async function toRoom(person: Sitting): Promise<void> {
      const { t } = person
      await t.see(/2 runbooks/)
      await t.press('2')
      await t.see(/━ 2 runbooks/)
      await t.press('j')
      await t.see(/› core-pm2/)
      await t.press('Enter')
      await t.see(/New incident with core-pm2/)
      await t.type('Core login answers 500')
      await t.press('Enter')
      await t.see(/core-pm2 on core-1 ready/)
    }

    /** From the room to the approval of the restart; the probes are approved on the way. */
    async function toRestart({ t }: Sitting): Promise<void> {
      await t.press('Enter')
      await t.see(/APPROVE Checks with effects/)
      await t.see(approves)
      await t.press('Enter')
      await t.see(/APPROVE .*Restart Core/)
      await t.see(approves)
    }

    it('goes from home to the postmortem by keys alone, at 80×24', async () => {
      await using person = await sit(at, ['--inventory', lab.inventory])
      const { t } = person
      await toRoom(person)
      const room = await t.see(/cwd \/home\/deploy → \/opt\/core\/backend; missing NODE_ENV, PORT, BIND_ADDR/)
      expectSane(room, 80, 24)
      expect(room).toMatch(/SEV3 .*Core login answers 500 .*investigating .* 1\/1 hosts/)
      expect(room).toMatch(/= in sync +env/)
      expect(room).toMatch(/± would change +restart/)

      // The probe has effects, so it runs only after consent; then the log has what it saw.
      await toRestart(person)
      const asked = await t.screen()
      expectSane(asked, 80, 24)
      expect(asked).toMatch(/INTERRUPT/)
      expect(asked).toMatch(/undo +↶ possible/)
      await t.press('Tab', '3')
      const before = await t.see(/POST \/auth\/login 500/)
      expectSane(before, 80, 24)
      expect(before).toMatch(/Login error: Error: secretOrPrivateKey/)
      expect(before).toMatch(/A question waits/)

      // The log is looked at while the service restarts.
      const starts = (screen: string) => screen.match(/core listening on/g)?.length ?? 0
      await t.press('Tab')
      await t.see(approves)
      await t.press('Enter')
      await t.see(/━ core-1 pm2:core-backend/)
      expectSane(await t.waitFor((screen) => starts(screen) > starts(before)), 80, 24)

      await t.see(yourTurn)
      await t.press('y')
      const done = await t.see(/all steps are done and all checks pass/)
      expect(done).toMatch(/POST \/auth\/login 200/)
      await t.press('2')
      expect(await t.see(/A login gets a token/)).toMatch(/A login gets a token.* ✗ 500 +✓ 200/)

      await t.press('a')
      await t.see(/Back-date it/)
      await t.type('Support says that logins work again')
      await t.press('Enter')
      await t.gone(/Back-date it/)
      await t.press('a')
      await t.see(/Back-date it/)
      await t.type('-10m Core was started by hand after the deploy')
      await t.see(/at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/)
      await t.press('Enter')
      await t.gone(/Back-date it/)

      await t.press('S')
      await t.see(/Status of the incident/)
      await t.press('j', 'j')
      await t.see(/› 3 monitoring/)
      await t.press('Enter')
      await t.see(/Core login answers 500 .*monitoring/)
      await t.press('S')
      await t.see(/› 3 monitoring/)
      await t.press('j')
      await t.see(/› 4 resolved/)
      await t.press('Enter')
      await t.see(/Core login answers 500 .*resolved/)

      await t.press('4')
      await t.see(/Support says that logins work again/)
      await t.press('e')
      await t.see(/postmortem: .*/)
      expect(await person.leave()).toBe(
        `postmortem: ${join(at.home, 'incidents', at.incident(), 'postmortem.md')}\n`,
      )

      expect(await status()).toBe('200')
      const text = at.postmortem()
      expect(text).toMatch(/\*\*Status\*\* resolved/)
      expect(text).toMatch(/A login gets a token \| core-1 \| 200 \| \*\*500\*\* \(failed\) \| 200 \|/)
      expect(text).toContain('Support says that logins work again')
      const timeline = section(text, 'Timeline')
      expect(timeline.indexOf('started by hand after the deploy')).toBeLessThan(
        timeline.indexOf('Declared sev3'),
      )
      expect(section(text, 'Root causes')).toContain('secretOrPrivateKey must be an asymmetric key')
      expect(section(text, 'Fixes applied')).toContain('core-backend')
      expect(text).not.toContain('practice-pass-4711')
      const [approved] = journaled(at, 'step.approved')
      expect(approved).toMatchObject({ step: 'restart', host: 'core-1', how: 'enter' })
      expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)
    })

    it('refuses with esc, and skips with a reason; nothing is changed on the host', async () => {
      await using person = await sit(at, ['--inventory', lab.inventory])
      const { t } = person
      await toRoom(person)
      await toRestart(person)
      const before = await lab.snapshot('core-1')
      await t.press('Escape')
      await t.see(/restart on core-1: not approved/)
      expect(await lab.snapshot('core-1')).toBe(before)
      expect(journaled(at, 'step.skipped')).toMatchObject([
        { step: 'restart', reason: 'stopped: not approved' },
      ])

      await t.see(/enter go on with 2 restart/)
      await t.press('Enter')
      await t.see(/APPROVE .*Restart Core/)
      await t.see(approves)
      await t.press('s')
      await t.see(/Skip this step/)
      await t.press('Enter')
      await t.see(/say why it is skipped/)
      await t.type('the other team restarts it')
      await t.press('Enter')
      await t.see(yourTurn)
      await t.press('n')
      await t.see(/login on core-1: answered: not so/)
      expect(await status()).toBe('500')
      expect(journaled(at, 'step.skipped').at(-1)).toMatchObject({
        step: 'restart',
        reason: 'the other team restarts it',
      })
      expect(journaled(at, 'step.started')).toEqual([])
      await person.leave()
      expect(section(at.postmortem(), 'Undone, skipped or never verified')).toContain(
        'the other team restarts it',
      )
    })

    it('ten Enters pasted at once approve one step at most; then u undoes it on the host', async () => {
      await using person = await sit(at, ['--inventory', lab.inventory])
      const { t } = person
      await toRoom(person)
      const paste = () => t.paste('\n'.repeat(10), { raw: true })
      // Before anything is asked: they start the run, and consent to nothing.
      await paste()
      await t.see(/APPROVE Checks with effects/)
      await t.see(approves)
      expect(journaled(at, 'check.observed').filter(({ check }) => check === 'login')).toEqual([])
      // At the consent to the probes: that, and not the restart.
      await paste()
      await t.see(/APPROVE .*Restart Core/)
      await t.see(approves)
      expect(journaled(at, 'check.observed').filter(({ check }) => check === 'login')).toHaveLength(1)
      expect(journaled(at, 'step.approved')).toEqual([])
      // At the restart: that, and not the manual step after it.
      await paste()
      await t.see(yourTurn)
      expect(journaled(at, 'step.approved')).toMatchObject([{ step: 'restart', how: 'enter' }])
      expect(journaled(at, 'step.answered')).toEqual([])
      expect(await status()).toBe('200')

      await t.press('Escape')
      await t.see(/login on core-1: not approved/)
      await t.press('k')
      await t.see(/› +2 ✓ done +restart/)
      await t.press('u')
      await t.see(/UNDO Restart Core/)
      await t.press('Escape')
      await t.gone(/UNDO/)
      expect(journaled(at, 'step.undone')).toEqual([])
      await t.press('u')
      const confirm = await t.see(/UNDO Restart Core/)
      expectSane(await person.t.screen().then((screen) => `${screen.trimEnd()}  ? help`), 90, 24)
      expect(confirm).toMatch(/start the former core-backend again/)
      await t.pressUntil('y', /Undo: Restart Core|undo restart on core-1/)
      await t.see(/undone +restart/, 20_000)
      expect(await status()).toBe('500')
      const undone = journaled(at, 'step.undone')
      expect(undone.length).toBeGreaterThan(0)
      for (const one of undone) expect(one).toMatchObject({ step: 'restart', verdict: 'ok' })
      await person.leave()
      expect(section(at.postmortem(), 'Undone, skipped or never verified')).toContain('Restart Core')
    })

    it('keeps the screen sane while it is resized in a storm during a run', async () => {
      await using person = await sit(at, ['--inventory', lab.inventory])
      const { t } = person
      await toRoom(person)
      await toRestart(person)
      await t.press('Enter')
      await until(() => journaled(at, 'step.started').length > 0)
      for (let round = 0; round < 20; round++)
        await t.resize(40 + ((round * 37) % 160), 10 + ((round * 11) % 50))
      for (const [columns, rows] of [
        [200, 60],
        [80, 24],
      ] as const) {
        await t.resize(columns, rows)
        const screen = await t.waitFor(
          (shown) => /\? help\s*$/.test(shown) && shown.split('\n').length === rows,
        )
        expectSane(screen.trimEnd(), columns, rows)
      }
      await t.see(yourTurn)
      await t.press('y')
      await t.see(/all steps are done and all checks pass/)
      await person.leave()
    })

    it('kill -9 in the middle: the job goes on, and the incident is opened again where it stood', async () => {
      await using person = await sit(at, ['--inventory', lab.inventory])
      await toRoom(person)
      await toRestart(person)
      await person.t.press('Enter')
      const pid = await person.pid()
      await until(() => journaled(at, 'step.started').some(({ say }) => say.startsWith('delete and start')))
      process.kill(pid, 'SIGKILL')
      await person.t.see(/Killed/)
      expect(journaled(at, 'step.verified').filter(({ step }) => step === 'restart')).toEqual([])
      const started = journaled(at, 'step.started').length
      const runs = () => journal(at).filter(({ type }) => type === 'runbook.opened').length

      await using again = await sit(at, [
        ...['open', at.incident(), '--runbook', 'core-pm2', '--inventory', lab.inventory],
      ])
      const { t } = again
      await t.see(/core-pm2 on core-1 ready/)
      expect(runs()).toBe(2)
      // What was started is looked at and recorded with its true end, and not started again.
      const jobs = journal(at)
        .filter(({ type }) => type === 'step.started')
        .map(({ id }) => id)
      expect(jobs).toHaveLength(started)
      await until(() => {
        const ends = journaled(at, 'step.applied').map((data) => data.started)
        return jobs.every((job) => ends.includes(job))
      })
      expect(await status()).toBe('200')
      await t.see(/= in sync +restart/)
      await t.press('4')
      expect(await t.see(/Opened runbook core-pm2/)).toMatch(/Started: Restart Core/)
      await t.press('1', 'Enter')
      await t.see(/APPROVE Checks with effects/)
      await t.see(approves)
      await t.press('Enter')
      await t.see(yourTurn)
      await t.press('y')
      await t.see(/all steps are done and all checks pass/)
      expect(journaled(at, 'step.started')).toHaveLength(started)
      await again.leave()
      expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)
    })

    describe('on a production host', () => {
      it('wants the target typed', async () => {
        const inventory = join(at.cwd, 'sitrep.yaml')
        const hosts = parse(readFileSync(lab.inventory, 'utf8'))
        hosts.hosts['core-1'].production = true
        writeFileSync(inventory, stringify(hosts))
        // Found upwards from the working directory: nothing is said on the command line.
        await using person = await sit(at, [])
        const { t } = person
        await toRoom(person)
        await t.press('Enter')
        await t.see(/APPROVE Checks with effects/)
        await t.see(approves)
        await t.press('Enter')
        expect(await t.see(/type core-1 to approve/)).toMatch(/PRODUCTION/)
        await t.press('Enter')
        await t.see(/type core-1 first/)
        // A key that is not admitted yet is dropped: the guard starts anew with a wrong answer.
        await t.type('core-2')
        await t.see(/target core-2/)
        await t.press('Enter')
        await t.see(/'core-2' is not core-1/)
        await t.press('BSpace')
        await t.type('1')
        await t.see(/enter approves it/)
        expect(journaled(at, 'step.approved')).toEqual([])
        await t.press('Enter')
        await t.see(yourTurn)
        expect(journaled(at, 'step.approved')).toMatchObject([{ step: 'restart', how: 'typed' }])
        await t.press('y')
        await t.see(/all steps are done and all checks pass/)
        await person.leave()
      })
    })
  },
  { hosts: ['core-1'] },
)

function section(text: string, title: string): string {
  return text.split(`## ${title}`)[1]?.split('\n## ')[0] ?? ''
}
