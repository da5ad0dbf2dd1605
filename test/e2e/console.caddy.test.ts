import { afterEach, beforeEach, expect, it } from 'vitest'
import { labSuite } from '../lab/needs.ts'
import { approves, expectSane, journaled, sit } from './helpers/console.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

const domains = ['portal', 'lims', 'rims', 'ops']

labSuite(
  'the console on a real host with report 000',
  (lab) => {
    let at: Desk
    const files = ['/etc/caddy/Caddyfile', '/srv/proxy/caddy/Caddyfile'] as const
    const sha = async (path: string) => (await lab.exec('edge-1', ['sha256sum', path])).stdout.slice(0, 64)
    const answer = async (domain: string) => {
      const header = `Host: ${domain}.example.net`
      const curl = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', header, 'http://127.0.0.1/']
      return (await lab.exec('edge-1', curl)).stdout
    }

    beforeEach(async () => {
      at = desk()
      await lab.restore('edge-1')
      await lab.break('caddy-drift', 'edge-1')
    })
    afterEach(() => at[Symbol.dispose]())

    for (const [columns, rows] of [
      [80, 24],
      [200, 60],
    ] as const) {
      it(`goes from home to the postmortem by keys alone, at ${columns}×${rows}`, async () => {
        const [effective, source] = await Promise.all(files.map(sha))
        await using person = await sit(at, ['--inventory', lab.inventory], { columns, rows })
        const { t } = person
        // The runbook is found by what the person sees.
        await t.see(/\[2\] runbooks/)
        await t.press('/')
        await t.see(/Find a runbook/)
        await t.type('default 404')
        await t.gone(/core-pm2/)
        await t.press('Enter')
        await t.gone(/Find a runbook/)
        await t.press('Enter')
        await t.see(/New incident with caddy-sync/)
        await t.type('ops.example.net answers 404')
        await t.press('Enter')
        const room = await t.see(/caddy-sync on edge-1 ready/)
        expectSane(room, columns, rows)
        expect(room).toMatch(/± would change +sync/)
        expect(room).toContain((effective ?? '').slice(0, 8))

        await t.press('Enter')
        await t.see(approves)
        const asked = await t.screen()
        expectSane(asked, columns, rows)
        expect(asked).toMatch(/undo +↶ possible/)
        // The diff is there to be read before the answer, however small the screen is.
        if (!/^\s*\+.*ops\.example\.net/m.test(asked))
          await t.pressUntil('Space', /^\s*\+.*ops\.example\.net/m)
        await t.see(approves)
        await t.press('Enter')
        await t.see(/all steps are done and all checks pass/, 20_000)
        const checks = await t.pressUntil('2', /ops\.example\.net is routed.* ✓ 308 +✓ 308/)
        expect(checks).toMatch(/ops\.example\.net is routed.* ✗ (200|404)/)
        for (const domain of ['portal', 'lims', 'rims'])
          expect(checks).toMatch(new RegExp(`${domain}\\.example\\.net is routed.* ✓ 308 +✓ 308 +✓ 308`))
        await t.press('3')
        await t.see(/edge-1 unit:caddy.*following/)

        await t.press('a')
        await t.see(/Back-date it/)
        await t.type('00:00-00:01 The deploy copied an old Caddyfile')
        await t.see(/at \d{4}-\d\d-\d\d 00:00:00 until 00:01:00 UTC/)
        await t.press('Enter')
        await t.gone(/Back-date it/)
        await t.press('S')
        await t.see(/Status of the incident/)
        await t.press('4', 'Enter')
        await t.see(/ops\.example\.net answers 404 .*resolved/)
        await t.press('e')
        await t.see(/postmortem: .*postmortem\.md/)
        expect(await person.leave()).toMatch(
          /^postmortem: .*\/postmortem\.md\nincident \S+ {2}\d+ records by 1 writer {2}sha256:[0-9a-f]{64} {2}\([0-9a-f]{12}:\d+\)\n$/,
        )

        expect(await sha(files[0])).toBe(source)
        expect(await Promise.all(domains.map(answer))).toEqual(['308', '308', '308', '308'])
        expect(journaled(at, 'step.approved')).toMatchObject([{ step: 'sync', how: 'enter' }])
        const text = at.postmortem()
        expect(text).toMatch(/\*\*Status\*\* resolved/)
        expect(text).toContain('The deploy copied an old Caddyfile')
        expect(text).toContain(effective)
        expect(text).toContain(source)
        const matrix = text.split('## Verification matrix')[1]?.split('\n## ')[0] ?? ''
        expect(matrix).toMatch(/ops\.example\.net.*\| 308 \| \*\*(?:200|404).*\*\* \(failed\) \| 308 \|/)
      })
    }
  },
  { hosts: ['edge-1'] },
)
