import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { labSuite } from '../lab/needs.ts'
import { type Running, recorded, start, until } from './helpers/running.ts'
import { type Desk, desk } from './helpers/sitrep.ts'

type Data = Record<string, unknown>

const host = 'core-1'
const conf = '/etc/nginx/conf.d/zz-sitrep.conf'
const former = '# former\n'

labSuite(
  'fault 46: a step that goes back by itself unless it is confirmed',
  (lab) => {
    let at: Desk
    let running: Running | undefined

    const onHost = async (text: string) => (await lab.exec(host, ['sh', '-c', text])).stdout
    const read = (path: string) => onHost(`cat '${path}'`)
    const of = (type: string) => recorded(at).filter((event) => event.type === type)
    const data = (type: string) => of(type).map((event) => event.data as Data)
    const book = (steps: string) =>
      writeFileSync(
        join(at.cwd, 'book.yaml'),
        `runbook: book\ntitle: A book\nhosts: ${host}\nsteps:\n${steps}`,
      )
    const args = (...more: string[]) => ['run', 'book.yaml', '--inventory', lab.inventory, '--yes', ...more]

    /** A step on a file of nginx, as root, which takes some seconds to be verified. */
    const nginx = (after = '13s') => `  - id: conf
    title: The configuration
    uses: file.sync
    as: root
    settle: 6s
    within: 1s
    timeout: 5s
    revert_after: ${after}
    with:
      source: { text: "# new\\n" }
      path: ${conf}
      reload: nginx -t && systemctl reload nginx && date +%s%N >>/run/reloads
`

    /** Everything of reverts and jobs that is on the host. */
    const left = () =>
      onHost(
        `ls -d /etc/systemd/system/*sitrep* /etc/systemd/system/*/*sitrep* /home/*/.config/systemd/user/*sitrep* \\
          /home/*/.config/systemd/user/*/*sitrep* /root/.local/state/sitrep/reverts /home/*/.local/state/sitrep/reverts \\
          /home/*/.local/state/sitrep/jobs/* /root/.local/state/sitrep/jobs/* 2>/dev/null
        systemctl list-units --all --plain --no-legend '*sitrep*'
        pgrep -af '[s]itrep/reverts/[0-9a-f-]*/revert'`,
      )

    /** Runs the book until its last change was recorded, and no further. */
    const applied = async (changes: number) => {
      running = start(at, ...args())
      let over: unknown
      void running.ended.then((code) => {
        over = code
      })
      await until(
        () => `the changes\n${running?.stdout()}${running?.stderr()}`,
        () => over !== undefined || of('step.applied').length === changes,
      )
      expect(over).toBe(undefined)
    }
    const killedAfter = async (changes: number) => {
      await applied(changes)
      running?.kill('SIGKILL')
      expect(await running?.ended).toBe('SIGKILL')
    }
    const back = (path = conf, content = former) =>
      until(
        () => `${path} to come back`,
        async () => (await read(path)) === content,
        60_000,
      )
    /** The host has written its result, and what waited there is gone. */
    const settled = (folder: string) =>
      until(
        () => 'the revert to end',
        async () =>
          (await onHost(`cat ${folder}/*/result; pgrep -f '[s]itrep/reverts/[0-9a-f-]*/revert'`)).match(
            /^ok \d+ *\n[^\n]*\n$/,
          ),
        60_000,
      )

    beforeEach(async () => {
      at = desk()
      await lab.exec(host, [
        'sh',
        '-c',
        `printf '# former\\n' >${conf}; rm -f ${conf}.*; : >/run/reloads; rm -rf /home/deploy/.local/state/sitrep/jobs`,
      ])
    })
    afterEach(async () => {
      await lab.link(host, 'up')
      running?.kill('SIGKILL')
      await running?.ended
      at[Symbol.dispose]()
    })

    it('shows it before approval, is confirmed when it was verified, and leaves nothing behind', async () => {
      book(nginx('60s'))
      const plan = await at.sitrep('plan', 'book.yaml', '--inventory', lab.inventory)
      expect(plan.stdout).toContain('goes back by itself after 60 s unless confirmed')
      const { exitCode, stdout } = await at.sitrep(...args('--json'))
      expect(exitCode).toBe(0)
      const types = at.events(stdout).map(({ type }) => type)
      const order = ['step.approved', 'revert.armed', 'step.started', 'revert.confirmed', 'step.verified']
      expect(order.map((type) => types.indexOf(type)).toSorted((a, b) => a - b)).toEqual(
        order.map((type) => types.indexOf(type)),
      )
      expect(data('revert.armed')).toEqual([expect.objectContaining({ after: 60, as: 'root', step: 'conf' })])
      expect(await read(conf)).toBe('# new\n')
      expect(await left()).toBe('')
    })

    it('is taken back by the host at once where its verification fails', async () => {
      book(`  - id: cmd
    title: A command
    uses: shell
    as: root
    timeout: 5s
    revert_after: 10s
    with: { run: echo new >${conf}, unless: "false", undo: "printf '# former\\\\n' >${conf}" }
`)
      const { exitCode } = await at.sitrep(...args())
      expect(exitCode).toBe(1)
      expect(await read(conf)).toBe(former)
      expect(data('revert.fired')).toEqual([expect.objectContaining({ verdict: 'ok' })])
      expect(await left()).toBe('')
    })

    it('with on_fail: stop it stays armed, and says so; undo lets the host do it now', async () => {
      book(`  - id: cmd
    title: A command
    uses: shell
    as: root
    timeout: 5s
    on_fail: stop
    revert_after: 60s
    with: { run: echo new >${conf}, unless: "false", undo: "printf '# former\\\\n' >${conf}" }
`)
      const { exitCode, stdout, stderr } = await at.sitrep(...args())
      expect({ exitCode, said: stdout + stderr }).toEqual({
        exitCode: 1,
        said: expect.stringMatching(/the host takes it back in \d+ s/),
      })
      expect(await read(conf)).toBe('new\n')
      expect(data('revert.confirmed')).toEqual([])
      const undo = await at.sitrep('undo', at.incident(), '--inventory', lab.inventory, '--yes')
      expect(undo.exitCode).toBe(0)
      expect(await read(conf)).toBe(former)
      expect(data('revert.fired')).toEqual([expect.objectContaining({ verdict: 'ok' })])
      expect(await left()).toBe('')
    })

    it('killed after the apply: the host takes it back and reloads; the next run tells it and does the step anew', async () => {
      book(nginx())
      await killedAfter(2)
      expect(await read(conf)).toBe('# new\n')
      await back()
      await settled('/root/.local/state/sitrep/reverts')
      expect((await read('/run/reloads')).trim().split('\n')).toHaveLength(2)
      const { exitCode, stdout, stderr } = await at.sitrep(...args('--incident', at.incident()))
      expect({ exitCode, said: stdout + stderr }).toEqual({
        exitCode: 0,
        said: expect.stringContaining('the host has taken it back'),
      })
      expect(data('revert.fired')).toEqual([
        expect.objectContaining({
          verdict: 'ok',
          detail: expect.stringMatching(/put back; .*as before the step/),
          when: expect.stringMatching(/^20/),
        }),
      ])
      expect(data('revert.confirmed')).toHaveLength(1)
      expect(await read(conf)).toBe('# new\n')
      expect(await left()).toBe('')
    })

    it('killed after the apply, and resumed in time: verified, confirmed, never run again', async () => {
      book(nginx('60s'))
      await killedAfter(2)
      const { exitCode } = await at.sitrep(...args('--incident', at.incident()))
      expect(exitCode).toBe(0)
      expect(data('revert.confirmed')).toHaveLength(1)
      expect(of('step.started')).toHaveLength(2)
      expect(await read(conf)).toBe('# new\n')
      // The jobs of a console that died are another matter (test/e2e/resume.test.ts).
      expect((await left()).split('\n').filter((line) => line !== '' && !line.includes('/jobs/'))).toEqual([])
    })

    it('with the link cut and the console dead the host takes it back', async () => {
      book(nginx())
      await applied(2)
      await lab.link(host, 'down')
      running?.kill('SIGKILL')
      await back()
      await settled('/root/.local/state/sitrep/reverts')
      await lab.link(host, 'up')
      const { exitCode } = await at.sitrep(...args('--incident', at.incident()))
      expect(exitCode).toBe(0)
      expect(data('revert.fired')).toEqual([expect.objectContaining({ verdict: 'ok' })])
      expect(await left()).toBe('')
    })

    it('with the link cut under a console that lives, the step is not told as done', async () => {
      book(nginx())
      await applied(2)
      await lab.link(host, 'down')
      await back()
      await lab.link(host, 'up')
      const code = await running?.ended
      expect(code === 1 || code === 5 || code === 3).toBe(true)
      expect(data('step.verified').filter(({ verdict }) => verdict === 'ok')).toEqual([])
      expect(await read(conf)).toBe(former)
    })

    it('survives a reboot as root', async () => {
      book(nginx())
      await killedAfter(2)
      await lab.reboot(host)
      await back()
      await settled('/root/.local/state/sitrep/reverts')
      const { exitCode } = await at.sitrep(...args('--incident', at.incident()))
      expect(exitCode).toBe(0)
      expect(data('revert.fired')).toEqual([expect.objectContaining({ verdict: 'ok' })])
      expect(await left()).toBe('')
    })

    const env = (after: string) => `  - id: env
    title: The environment
    uses: env.set
    settle: 6s
    revert_after: ${after}
    with: { file: /home/deploy/sitrep.env, set: { MODE: new } }
`
    const envFile = '/home/deploy/sitrep.env'
    const formerEnv = 'MODE=former\n'
    const layEnv = () =>
      onHost(`printf 'MODE=former\\n' >${envFile}; rm -f ${envFile}.*; chown deploy:deploy ${envFile}`)

    it('survives a reboot as a user who lingers', async () => {
      await layEnv()
      await onHost(
        'loginctl enable-linger deploy; until [ -S /run/user/$(id -u deploy)/systemd/private ]; do sleep 0.1; done',
      )
      book(env('12s'))
      await killedAfter(1)
      expect(await read(envFile)).toBe('MODE=new\n')
      await lab.reboot(host)
      await back(envFile, formerEnv)
      await settled('/home/deploy/.local/state/sitrep/reverts')
      const { exitCode } = await at.sitrep(...args('--incident', at.incident()))
      expect(exitCode).toBe(0)
      expect(data('revert.fired')).toEqual([expect.objectContaining({ verdict: 'ok' })])
      expect(await left()).toBe('')
      await onHost('loginctl disable-linger deploy')
    })

    it('is refused for a user whom nothing would start again after a reboot; nothing is changed', async () => {
      await layEnv()
      await onHost('loginctl disable-linger deploy')
      book(env('12s'))
      const { exitCode, stdout, stderr } = await at.sitrep(...args())
      expect({ exitCode, said: stdout + stderr }).toEqual({
        exitCode: 1,
        said: expect.stringContaining('deploy does not linger (loginctl enable-linger deploy), and'),
      })
      expect(data('revert.refused')).toHaveLength(1)
      expect(of('step.started')).toEqual([])
      expect(await read(envFile)).toBe(formerEnv)
      expect(await left()).toBe('')
    })
  },
  { hosts: [host] },
)
