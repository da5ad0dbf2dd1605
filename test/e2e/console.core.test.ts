import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { labSuite } from '../lab/needs.ts'
import {
  approves,
  expectSane,
  isSane,
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
      await t.see(/\[2\] runbooks/)
      await t.press('2')
      await t.see(/━ \[2\] runbooks/)
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
      await t.pressUntil('Enter', /APPROVE Checks with effects/)
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
      await t.see(/all steps are done and all checks pass/)
      await t.see(/POST \/auth\/login 200/)
      // A key that is pressed right after an answer is dropped, as a doubled one would be.
      expect(await t.pressUntil('2', /A login gets a token/)).toMatch(/A login gets a token.* ✗ 500 +✓ 200/)

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
      expect((await person.leave()).split('\nincident ')[0]).toBe(
        `postmortem: ${join(at.home, 'incidents', at.incident(), 'postmortem.md')}`,
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
      // Refused at the first question: the run stops, and no probe was sent.
      await t.press('Enter')
      await t.see(/APPROVE Checks with effects/)
      await t.see(approves)
      await t.press('Escape')
      await t.see(/not approved; skipping the checks with effects goes on without them/)
      expect(journaled(at, 'check.observed').filter(({ check }) => check === 'login')).toEqual([])
      await t.see(/enter run from 1 env/)
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

      // Home and back: the incident is in the list, and its runbook is one key away.
      await t.pressUntil('q', /› SEV3 Core login answers 500/)
      await t.press('1')
      await t.see(/━ \[?1\]? incidents/)
      await t.press('Enter')
      await t.see(/Suggested: core-pm2/)
      await t.press('Enter')
      await t.see(/core-pm2 on core-1 ready/)
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
      await t.see(/login on core-1: not answered/)
      await t.pressUntil('k', /› +2 ✓ done +restart/)
      await t.press('u')
      await t.see(/UNDO Restart Core/)
      await t.pressUntil('Escape', /enter go on with 3 login/)
      expect(journaled(at, 'step.undone')).toEqual([])
      await t.press('u')
      expect(await t.see(/UNDO Restart Core/)).toMatch(/start the former core-backend again/)
      await t.pressUntil('y', /APPROVE .*Undo: Restart Core/)
      expectSane(await t.see(approves), 80, 24)
      await t.press('Enter')
      await t.see(/undo restart on core-1: what it had changed was taken back/, 20_000)
      await t.see(/undone +restart/)
      expect(await status()).toBe('500')
      const undone = journaled(at, 'step.undone')
      expect(undone.length).toBeGreaterThan(0)
      for (const one of undone) expect(one).toMatchObject({ step: 'restart', verdict: 'ok' })
      await person.leave()
      expect(section(at.postmortem(), 'Undone, skipped or never verified')).toContain('Restart Core')
    })

    it('keeps the screen sane while it is resized in a storm during a run, and takes no key amiss', async () => {
      await using person = await sit(at, ['--inventory', lab.inventory])
      const { t } = person
      await toRoom(person)
      await toRestart(person)
      await t.press('Enter')
      await until(() => journaled(at, 'step.started').length > 0)
      // What can't be done now is said; it neither ends the console nor waits to happen later.
      await t.pressUntil('c', /c \(check\): a run is at work/)
      await t.press('q')
      await t.see(/q \(home\): a run is at work/)
      for (let round = 0; round < 20; round++)
        await t.resize(40 + ((round * 37) % 160), 10 + ((round * 11) % 50))
      for (const [columns, rows] of [
        [200, 60],
        [80, 24],
      ] as const) {
        await t.resize(columns, rows)
        await t.waitFor((shown) => isSane(shown, columns, rows))
      }
      await t.see(yourTurn)
      await t.press('y')
      await t.see(/all steps are done and all checks pass/)
      await person.leave()
    })

    it('after kill -9 between two changes, nothing runs twice, and the incident opens where it stood', async () => {
      await using person = await sit(at, ['--inventory', lab.inventory])
      await toRoom(person)
      await toRestart(person)
      await person.t.press('Enter')
      const pid = await person.pid()
      // The second of three changes has just ended: Core runs as it should, `pm2 save` may have begun.
      await until(() => journaled(at, 'step.applied').length === 2)
      process.kill(pid, 'SIGKILL')
      await person.t.see(/ready>/)
      expect(journaled(at, 'step.verified').filter(({ step }) => step === 'restart')).toEqual([])

      await using again = await sit(at, [
        ...['open', at.incident(), '--runbook', 'core-pm2', '--inventory', lab.inventory],
      ])
      const { t } = again
      const room = await t.see(/core-pm2 on core-1 ready/)
      expectSane(room, 80, 24)
      expect(room).toMatch(/= in sync +restart/)
      expect(await status()).toBe('200')
      await t.pressUntil('k', /› +2 .* restart/)
      expect(await t.see(/before, in the run of/)).toMatch(/exit 0, .* delete and start core-backend/)
      await t.press('4')
      expect(await t.see(/Started: restart: delete and start/)).toMatch(/Approved: restart/)

      // Going on asks for what is left of the step, and does not do again what was done.
      await t.press('1', 'Enter')
      await t.see(/APPROVE Checks with effects/)
      await t.see(approves)
      await t.press('Enter')
      await t.gone(/Checks with effects/)
      const next = await t.waitFor((shown) => approves.test(shown) || yourTurn.test(shown))
      if (approves.test(next)) {
        expect(next).toMatch(/still to be done since it was interrupted: pm2\s+save/)
        await t.press('Enter')
      }
      await t.see(yourTurn)
      await t.press('y')
      await t.see(/all steps are done and all checks pass/)
      const says = journaled(at, 'step.started').map(({ say }) => say)
      expect(says.filter((say) => say.startsWith('save the former'))).toHaveLength(1)
      expect(says.filter((say) => say.startsWith('delete and start'))).toHaveLength(1)
      await again.leave()
      expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)
    })

    it('after kill -9 in a change, its job goes on on the host and is waited for', async () => {
      const trace = `/tmp/trace-${Date.now()}`
      const runbook = join(at.cwd, 'slow.yaml')
      writeFileSync(runbook, slow(trace))
      await at.sitrep('declare', 'A slow step')
      const open = ['open', at.incident(), '--runbook', runbook, '--inventory', lab.inventory]
      const traced = async () =>
        (await lab.exec('core-1', ['sh', '-c', `cat ${trace} 2> /dev/null || :`])).stdout.trim().split('\n')

      await using person = await sit(at, open)
      await person.t.see(/slow on core-1 ready/)
      await person.t.press('Enter')
      await person.t.see(approves)
      await person.t.press('Enter')
      await until(async () => (await traced()).includes('began'))
      process.kill(await person.pid(), 'SIGKILL')
      await person.t.see(/ready>/)
      expect(await traced()).toEqual(['began'])

      await using again = await sit(at, open)
      const { t } = again
      expectSane(await t.see(/started before, waited for/), 80, 24)
      // What can't be done meanwhile is said, and is not the end of the console.
      await t.pressUntil('c', /✗ the last thing is still at work/)
      await t.see(/wait on core-1, started \d\d:\d\d:\d\d: it had ended well/, 20_000)
      expect(await traced()).toEqual(['began', 'ended'])
      await t.see(/slow on core-1 ready/)
      expect(journaled(at, 'step.applied')).toMatchObject([{ step: 'wait', endedBy: 'exit', exitCode: 0 }])
      await t.press('Enter')
      await t.see(/all steps are done/)
      expect(await traced()).toEqual(['began', 'ended'])
      expect(journaled(at, 'step.started')).toHaveLength(1)
      await again.leave()
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

/** A runbook whose one step takes long enough to be interrupted, and leaves a trace of each time that it ran. */
function slow(trace: string): string {
  return `runbook: slow
title: A step that takes its time
hosts: core
steps:
  - id: wait
    title: Wait on the host
    uses: shell
    with:
      run: echo began >> ${trace}; sleep 4; echo ended >> ${trace}
`
}

function section(text: string, title: string): string {
  return text.split(`## ${title}`)[1]?.split('\n## ')[0] ?? ''
}
