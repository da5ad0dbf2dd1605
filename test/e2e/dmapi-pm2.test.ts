import { afterAll, beforeAll, expect, it } from 'vitest'
import { labSuite } from '../lab/needs.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

const audience = '5f0c2d1e-7b6a-4c39-9e58-2a1d4b8c7e60'

// What a browser does after the login: ask DMAPI's API with Core's token.
const session = `token=$(curl -s -X POST -H 'content-type: application/json' -d '{"username":"a","password":"b"}' \
http://127.0.0.1:3002/auth/login | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" http://127.0.0.1:4100/api/items`

labSuite(
  "report 004 on a real host: DMAPI does not know the audience of Core's tokens",
  (lab) => {
    let at: Desk
    const args = (...more: string[]) => [
      ...['dmapi-pm2', '--host', 'core-1', '--inventory', lab.inventory, '--param', `audience=${audience}`],
      ...more,
    ]
    const items = async () => (await lab.exec('core-1', ['sh', '-c', session])).stdout

    beforeAll(async () => {
      at = desk()
      await lab.break('dmapi-audience', 'core-1')
    })
    afterAll(() => at[Symbol.dispose]())

    it('plan says that the restart comes after the step that changes what it reads', async () => {
      expect(await items()).toBe('401')
      const before = await lab.snapshot('core-1')
      const { stdout } = await at.sitrep('plan', ...args('--json'))
      const [{ steps }] = JSON.parse(stdout).hosts
      const outcomes = Object.fromEntries(
        steps.map(({ id, outcome }: { id: string; outcome: string }) => [id, outcome]),
      )
      expect(outcomes).toMatchObject({ audience: 'would_change', restart: 'after_step:audience' })
      expect(await lab.snapshot('core-1')).toBe(before)
    })

    it('run sets the audience and restarts, and a token is accepted', async () => {
      const { exitCode, stdout } = await at.sitrep('run', ...args('--yes'))
      expect(stdout).toMatch(/\.env changed after it was started/)
      expect(exitCode).toBe(0)
      expect(await items()).toBe('200')
    })

    it('a second run changes nothing', async () => {
      const { exitCode, stdout } = await at.sitrep('run', ...args('--yes'))
      expect(exitCode).toBe(0)
      expect(stdout).not.toContain('approved')
    })
  },
  { hosts: ['core-1'] },
)
