import { expect, it } from 'vitest'
import { action as caddySync } from '../../src/actions/caddy.sync.ts'
import { action as nginxReload } from '../../src/actions/nginx.reload.ts'
import { act, around } from '../helpers/act.ts'
import { labSession } from '../helpers/labSession.ts'
import { labSuite } from '../lab/needs.ts'

const params = { source: '/srv/proxy/caddy/Caddyfile' }
const path = '/etc/caddy/Caddyfile'

labSuite(
  'caddy.sync on a real host with systemd',
  (lab) => {
    const session = labSession(lab, 'edge-1')
    const text = async (command: string) => (await lab.exec('edge-1', command)).stdout
    const status = (site: string) =>
      text(`curl -s -o /dev/null -w '%{http_code}' -H 'Host: ${site}.example.net' http://127.0.0.1/`)
    const fresh = async (fault: string) => {
      await lab.reset('edge-1')
      if (fault !== 'caddy-bad-source') await lab.break('caddy-drift')
      if (fault !== 'caddy-drift') await lab.break(fault)
    }

    it('000: plan shows the drift and changes nothing; apply reloads by systemd and serves it again', async () => {
      await fresh('caddy-drift')
      const was = await lab.snapshot('edge-1')
      const p = caddySync.params.parse(params)
      const facts = await caddySync.inspect(session, p, around(session))
      expect(await lab.snapshot('edge-1')).toBe(was)
      expect(facts.unit).toMatchObject({
        active: 'active',
        user: 'caddy',
        canReload: true,
        loads: path,
        resume: false,
      })
      const { plan, verdict, undo } = await act(caddySync, session, params)
      expect(plan.evidence).toContain('Caddy will serve: ops.example.net')
      expect(plan.changes[1]!.do.say).toBe('reload caddy by systemd')
      expect(verdict).toMatchObject({ verdict: 'ok' })
      expect(await status('ops')).toBe('308')
      expect((await act(caddySync, session, params)).plan.outcome).toBe('in_sync')
      expect(await text('find /var/lib/caddy /etc/caddy ! -user caddy ! -user root')).toBe('')
      await undo()
      expect(await status('ops')).not.toBe('308')
      expect(await status('portal')).toBe('308')
    })

    it('fault 45: a source that does not parse leaves the live file as it was', async () => {
      await fresh('caddy-bad-source')
      const was = await text(`sha256sum ${path}`)
      const { plan, carried } = await act(caddySync, session, params)
      expect(plan.evidence![0]).toContain('Caddy refuses the source')
      expect(carried.map(({ result }) => result.exitCode)).toEqual([64])
      expect(await text(`sha256sum ${path}`)).toBe(was)
      expect(await text('ls -A /etc/caddy')).toBe('Caddyfile\n')
    })

    it('a reload that fails, and one that never comes back: the backup is back and the old configuration served', async () => {
      for (const [fault, ended] of [
        ['caddy-reload-fails', 'exit'],
        ['caddy-reload-hangs', 'timeout'],
      ] as const) {
        await fresh(fault)
        const was = await text(`sha256sum ${path}`)
        const { carried, undo } = await act(caddySync, session, { ...params, reload_timeout: 2 })
        expect(carried.map(({ result }) => result.endedBy)).toEqual(['exit', ended])
        expect((await undo()).map(({ result }) => result.exitCode)).toEqual([0, 0])
        expect(await text(`sha256sum ${path}`)).toBe(was)
        expect(await status('portal')).toBe('308')
        const p = caddySync.params.parse({ source: path })
        const facts = await caddySync.inspect(session, p, around(session))
        expect(facts.drift).toEqual([])
      }
    })

    it('reads the environment that the unit gives to Caddy, and validates as its user', async () => {
      await lab.reset('edge-1')
      await lab.exec(
        'edge-1',
        `install -d /etc/systemd/system/caddy.service.d
printf 'UPSTREAM=127.0.0.1:8012\\nQUOTED="two words"\\n' >/etc/caddy/env && chmod 600 /etc/caddy/env
printf '[Service]\\nEnvironmentFile=/etc/caddy/env\\nEnvironment="GREETING=hello \\\\"you\\\\"" PLAIN=1\\n' >/etc/systemd/system/caddy.service.d/env.conf
systemctl daemon-reload
printf 'http://env.example.net {\\n\\trespond \`{$GREETING} {$PLAIN} {$QUOTED} {$UPSTREAM}\`\\n\\tlog {\\n\\t\\toutput file /var/log/caddy/env.log\\n\\t}\\n}\\n' >>${params.source}
systemctl restart caddy`,
      )
      const { facts, verdict, carried } = await act(caddySync, session, params)
      expect(facts.wanted.is).toBe('adapted')
      expect(carried[0]!.stderr).toContain('Valid configuration')
      expect(verdict?.verdict).toBe('ok')
      const body = await text("curl -s -H 'Host: env.example.net' http://127.0.0.1/")
      expect(body).toBe('hello "you" 1 two words 127.0.0.1:8012')
      expect(await text('stat -c %U /var/log/caddy/env.log')).toBe('caddy\n')
    })
  },
  { hosts: ['edge-1'] },
)

labSuite(
  'nginx.reload on a real host with systemd',
  (lab) => {
    const host = 'edge-1'
    const session = labSession(lab, host)

    it('reloads by systemd what is newer than the workers', async () => {
      await lab.break('nginx-stale')
      const { plan, facts, carried } = await act(nginxReload, session, {})
      expect(plan.outcome).toBe('would_change')
      expect(plan.changes[1]!.do.say).toBe('reload nginx by systemd')
      expect(carried.map(({ result }) => result.exitCode)).toEqual([0, 0])
      const p = nginxReload.params.parse({})
      await expect
        .poll(() => nginxReload.verify(session, p, { before: facts, around: around(session) } as never), {
          timeout: 10_000,
        })
        .toMatchObject({ verdict: 'ok' })
      expect((await act(nginxReload, session, {})).plan.outcome).toBe('in_sync')
    })

    it('stops at the test of a configuration that nginx refuses, and inspects without a change', async () => {
      await lab.break('nginx-bad-config')
      const was = await lab.snapshot(host)
      const p = nginxReload.params.parse({})
      await nginxReload.inspect(session, p, around(session))
      expect(await lab.snapshot(host)).toBe(was)
      const { plan, carried } = await act(nginxReload, session, {})
      expect(plan.because).toContain('nginx refuses the configuration')
      expect(carried).toHaveLength(1)
    })
  },
  { hosts: ['edge-1'] },
)
