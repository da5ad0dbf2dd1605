import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { labSuite } from '../lab/needs.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

const domains = ['portal', 'lims', 'rims', 'ops']

labSuite(
  'report 000 on a real host: the Caddyfile has drifted',
  (lab) => {
    let at: Desk
    const args = (...more: string[]) => [
      'caddy-sync',
      '--host',
      'edge-1',
      '--inventory',
      lab.inventory,
      ...more,
    ]
    const sha = async (path: string) => (await lab.exec('edge-1', ['sha256sum', path])).stdout.slice(0, 64)
    const answer = async (domain: string) =>
      (
        await lab.exec('edge-1', [
          'curl',
          '-s',
          '-o',
          '/dev/null',
          '-w',
          '%{http_code}',
          '-H',
          `Host: ${domain}.example.net`,
          'http://127.0.0.1/',
        ])
      ).stdout
    const files = ['/etc/caddy/Caddyfile', '/srv/proxy/caddy/Caddyfile'] as const

    beforeAll(() => {
      at = desk()
    })
    beforeEach(async () => {
      await lab.restore('edge-1')
    })
    afterAll(() => at[Symbol.dispose]())

    it('plan shows both sha256 and the diff; run syncs, reloads and verifies; the matrix has the four domains', async () => {
      await lab.break('caddy-drift', 'edge-1')
      const [effective, source] = await Promise.all(files.map(sha))
      const before = await lab.snapshot('edge-1')
      const plan = await at.sitrep('plan', ...args())
      expect(plan.exitCode).toBe(0)
      expect(plan.stdout).toContain(`sha256 ${effective} -> ${source}`)
      expect(plan.stdout).toMatch(/^\s+\+.*ops\.example\.net/m)
      expect(await lab.snapshot('edge-1')).toBe(before)

      const run = await at.sitrep('run', ...args('--yes'))
      expect(run.stdout + run.stderr).toContain('approved (yes)')
      expect(run.exitCode).toBe(0)
      expect(await sha(files[0])).toBe(source)
      expect(await Promise.all(domains.map(answer))).toEqual(['308', '308', '308', '308'])
      const matrix = at.postmortem().split('## Verification matrix')[1]?.split('\n## ')[0] ?? ''
      for (const domain of ['portal', 'lims', 'rims']) {
        expect(matrix).toMatch(new RegExp(`${domain}\\.example\\.net.*\\| 308 \\| 308 \\| 308 \\|`))
      }
      expect(matrix).toMatch(/ops\.example\.net.*\| 308 \| \*\*(?:200|404).*\*\* \(failed\) \| 308 \|/)
      expect(at.postmortem()).toContain(effective)

      const second = await at.sitrep('run', ...args('--yes'))
      expect(second.exitCode).toBe(0)
      expect(second.stdout).toMatch(/in sync: /)
      expect(second.stdout).not.toContain('approved')
    })

    it('fault 45: a source that caddy refuses leaves the effective file byte-identical, exit 1', async () => {
      await lab.break('caddy-bad-source', 'edge-1')
      const before = await sha(files[0])
      const { exitCode, stdout } = await at.sitrep('run', ...args('--yes'))
      expect(exitCode).toBe(1)
      expect(await sha(files[0])).toBe(before)
      expect(stdout).toMatch(/Caddyfile:\d+|adapt/)
      expect(await answer('portal')).toBe('308')
    })

    for (const fault of ['caddy-reload-fails', 'caddy-reload-hangs']) {
      it(`with ${fault} the backup is back and Caddy serves the old configuration`, async () => {
        await lab.break('caddy-drift', 'edge-1')
        const before = await sha(files[0])
        await lab.break(fault, 'edge-1')
        const run = await at.sitrep('run', ...args('--yes'))
        expect(run.exitCode).not.toBe(0)
        expect(await sha(files[0])).toBe(before)
        expect(await answer('portal')).toBe('308')
        expect(await answer('ops')).not.toBe('308')
      })
    }
  },
  { hosts: ['edge-1'] },
)
