import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { labSuite } from '../lab/needs.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

const login = [
  'curl',
  '-s',
  '-o',
  '/dev/null',
  '-w',
  '%{http_code}',
  '-X',
  'POST',
  '-H',
  'content-type: application/json',
  '-d',
  '{"username":"a","password":"b"}',
  'http://127.0.0.1:3002/auth/login',
]

labSuite(
  'report 004 on a real host: Core under PM2 with a wrong cwd',
  (lab) => {
    let at: Desk
    const args = (...more: string[]) => [
      'core-pm2',
      '--host',
      'core-1',
      '--inventory',
      lab.inventory,
      ...more,
    ]
    const status = async () => (await lab.exec('core-1', login)).stdout

    beforeAll(() => {
      at = desk({ CORE_CHECK_PASSWORD: 'practice-pass-4711' })
    })
    afterAll(() => at[Symbol.dispose]())

    describe('with the fault in place', () => {
      beforeAll(async () => {
        await lab.break('core-cwd', 'core-1')
      })

      it('plan names the wrong cwd and the missing variables, and changes nothing on the host', async () => {
        expect(await status()).toBe('500')
        const before = await lab.snapshot('core-1')
        const { exitCode, stdout } = await at.sitrep('plan', ...args('--json'))
        expect(exitCode).toBe(0)
        expect(await lab.snapshot('core-1')).toBe(before)
        const plan = JSON.parse(stdout)
        expect(plan.runbook).toBe('core-pm2')
        const [{ host, reached, steps }] = plan.hosts
        expect({ host, reached }).toEqual({ host: 'core-1', reached: true })
        const restart = steps.find(({ id }: { id: string }) => id === 'restart')
        expect(restart.outcome).toBe('would_change')
        expect(restart.because).toContain('cwd /home/deploy → /opt/core/backend')
        expect(restart.because).toContain('missing NODE_ENV, PORT, BIND_ADDR')
        expect(restart.changes.every(({ undo }: { undo: unknown }) => Array.isArray(undo))).toBe(true)
      })

      it('plan --exit-code says 7, for something would change', async () => {
        expect((await at.sitrep('plan', ...args('--exit-code'))).exitCode).toBe(7)
      })

      it('run --yes ends 0, and the login, health and preflight are well', async () => {
        const { exitCode, stdout } = await at.sitrep('run', ...args('--yes', '--json'))
        expect(exitCode).toBe(0)
        const events = at.events(stdout)
        expect(events[0]?.data).toMatchObject({ incident: at.incident() })
        expect(events.at(-1)).toMatchObject({
          type: 'run.finished',
          data: { exit: 0, incident: at.incident() },
        })
        const checks = events
          .filter(({ type }) => type === 'check.observed')
          .map(({ data }) => data as Record<string, string>)
        const of = (phase: string) =>
          Object.fromEntries(
            checks.filter((check) => check.phase === phase).map(({ check, verdict }) => [check, verdict]),
          )
        expect(of('before')).toEqual({ health: 'ok', cors: 'failed', login: 'failed' })
        expect(of('after')).toEqual({ health: 'ok', cors: 'ok', login: 'ok' })
        expect(await status()).toBe('200')
      })

      it('the postmortem has the timeline in UTC, the cause with its evidence, the commands, and 500 before, 200 after', async () => {
        const text = at.postmortem()
        expect(text).toMatch(/## Timeline\n\n\| Time \(UTC/)
        const causes = section(text, 'Root causes')
        expect(causes).toContain('/home/deploy')
        expect(causes).toContain('secretOrPrivateKey must be an asymmetric key when using RS256')
        expect(section(text, 'Fixes applied')).toContain('core-backend')
        expect(section(text, 'Verification matrix')).toMatch(
          /login gets a token \| core-1 \| 200 \| \*\*500\*\* \(failed\) \| 200 \|/,
        )
        expect(section(text, 'Verification matrix')).toMatch(/204/)
        expect(text).not.toContain('practice-pass-4711')
        expect(text).not.toContain('practice-db-9Qx4vT')
      })

      it('the record is whole', async () => {
        expect((await at.sitrep('verify', at.incident())).exitCode).toBe(0)
      })

      it('a second run changes nothing and says why for each step', async () => {
        const before = await lab.snapshot('core-1')
        const { exitCode, stdout } = await at.sitrep('run', ...args('--yes'))
        expect(exitCode).toBe(0)
        expect(stdout).toMatch(/in sync: .*\.env holds DB_HOST/)
        expect(stdout).toMatch(/in sync: .*online/)
        expect(stdout).not.toMatch(/\d\/\d /)
        expect(await lab.snapshot('core-1')).toBe(before)
      })

      it('undo starts the former definition again, from the journal', async () => {
        const id = (await at.sitrep('list', '--json')).stdout
        const first = (JSON.parse(id) as { id: string }[]).map((row) => row.id).sort()[0] ?? ''
        const { exitCode, stdout } = await at.sitrep('undo', first, '--yes', '--inventory', lab.inventory)
        expect(stdout).toContain('undo ok')
        expect(exitCode).toBe(0)
        expect(await status()).toBe('500')
        expect((await at.sitrep('undo', first, '--yes', '--inventory', lab.inventory)).stderr).toContain(
          'nothing to undo',
        )
      })
    })
  },
  { hosts: ['core-1'] },
)

function section(text: string, title: string): string {
  return text.split(`## ${title}`)[1]?.split('\n## ')[0] ?? ''
}
