import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { until } from '../e2e/helpers/running.ts'
import { keyPair, knownHostsLines } from '../lab/keys.ts'
import { labSuite } from '../lab/needs.ts'
import type { Lab } from '../lab/types.ts'
import { entryOf, type Site, site } from './helpers/site.ts'

/** Runs with a line more in the host's sshd_config, and gives what sshd logged meanwhile. */
async function withSshd(lab: Lab, host: string, line: string, work: () => Promise<void>): Promise<string> {
  const root = async (command: string) => {
    const { exitCode, stdout, stderr } = await lab.exec(host, ['sh', '-c', command])
    expect({ command, exitCode, stderr }).toMatchObject({ exitCode: 0 })
    return stdout
  }
  const file = '/etc/ssh/sshd_config.d/10-fault.conf'
  const restart = 'sshd -t && systemctl restart ssh'
  const [since = ''] = (await root('date +%s.%N')).split('\n')
  await root(`printf '%s\\n' '${line}' 'LogLevel VERBOSE' > ${file} && ${restart}`)
  try {
    await work()
    return await root(`journalctl -u ssh -o cat --since @${since}`)
  } finally {
    await root(`rm -f ${file} && ${restart}`)
  }
}

const sha256 = expect.stringMatching(/^SHA256:/)

labSuite(
  'a host that refuses, or has no room',
  (lab) => {
    /** A known_hosts of the site's own, and one of another key for the same host. */
    const keys = async (here: Site) => {
      const { address, port, knownHosts } = lab.hosts[here.host]!
      const file = join(here.at.cwd, 'known_hosts')
      const right = readFileSync(knownHosts, 'utf8')
      const wrong = knownHostsLines(address, port, [await keyPair(join(here.at.cwd, 'other'))])
      const know = (lines: string) => writeFileSync(file, lines)
      here.reach({ known_hosts: file })
      return { know, right, wrong }
    }

    it('fault 33: a full disk is named, and the step is not run', async () => {
      using here = await site(lab)
      const home = '/home/deploy/.local/state/sitrep'
      here.book([{ id: 'one', with: { run: here.mark('one') } }])
      await here.root(
        `runuser -u deploy -- mkdir -p ${home} && mount -t tmpfs -o size=64k,uid=$(id -u deploy),mode=700 tmpfs ${home}`,
      )
      await here.root(`head -c 1M /dev/zero > ${home}/fill 2>/dev/null || :`)
      try {
        expect(await here.run().ended).toBe(1)
        expect(here.of('step.applied')).toEqual([
          expect.objectContaining({ problem: expect.stringMatching(/no space/i) }),
        ])
        expect(await here.ran()).toEqual([])
      } finally {
        await here.root(`umount ${home}`)
      }
      const next = here.goOn('--from', 'one')
      expect({ exit: await next.ended, stderr: next.stderr() }).toMatchObject({ exit: 0 })
      expect(await here.ran()).toEqual(['one'])
      expect(await here.left()).toEqual([])
    })

    it('fault 33: a disk that a step fills itself costs it its output, and not its exit code', async () => {
      using here = await site(lab)
      const home = '/home/deploy/.local/state/sitrep'
      here.book([
        {
          id: 'one',
          with: { run: `${here.mark('one')}; echo begun; head -c 2M /dev/zero | tr '\\0' x; exit 7` },
        },
      ])
      await here.root(
        `runuser -u deploy -- mkdir -p ${home} && mount -t tmpfs -o size=256k,uid=$(id -u deploy),mode=700 tmpfs ${home}`,
      )
      try {
        expect(await here.run().ended).toBe(1)
        expect(here.of('step.applied')).toEqual([
          expect.objectContaining({ endedBy: 'exit', exitCode: 7, stdout: expect.stringMatching(/^begun/) }),
        ])
        expect(await here.ran()).toEqual(['one'])
        expect(await here.left()).toEqual([])
      } finally {
        await here.root(`umount ${home}`)
      }
    })

    it('fault 36: an sshd that stands still has its own name, and another host goes on', async () => {
      using here = await site(lab)
      here.reach({}, { 'edge-1': entryOf(lab, 'edge-1') })
      here.book([{ id: 'one', with: { run: here.mark('one') } }], { hosts: ['core-1', 'edge-1'] })
      await here.root('kill -STOP $(systemctl show -P MainPID ssh)')
      try {
        const { exitCode, stdout } = await here.at.sitrep('plan', 'book.yaml', '--json')
        expect(exitCode).toBe(3)
        const { hosts } = JSON.parse(stdout) as {
          hosts: { host: string; reached: boolean; reason?: string }[]
        }
        expect(hosts).toMatchObject([
          { host: 'core-1', reached: false, reason: expect.stringContaining('handshake') },
          { host: 'edge-1', reached: true },
        ])
      } finally {
        await here.root('kill -CONT $(systemctl show -P MainPID ssh)')
      }
      expect(await here.ran()).toEqual([])
      expect(await here.left()).toEqual([])
    })

    it('fault 36: an sshd that stops answers no more in the middle of a step: the step is followed to its end when it is back', async () => {
      using here = await site(lab)
      here.book([{ id: 'one', with: { run: `${here.mark('one')}; ${here.gate('end')}; exit 4` } }])
      const running = here.run()
      await until(running.stderr, async () => (await here.ran()).length === 1)
      await here.root("systemctl stop ssh && pkill -9 -f '[s]shd: deploy'")
      try {
        await until(running.stderr, () => here.of('host.lost').length > 0)
        await here.open('end')
      } finally {
        await here.root('systemctl start ssh')
      }
      expect(await running.ended).toBe(1)
      expect(here.of('step.applied')).toEqual([expect.objectContaining({ endedBy: 'exit', exitCode: 4 })])
      expect(await here.ran()).toEqual(['one'])
      expect(await here.left()).toEqual([])
    })

    for (const [name, phrase] of [
      ['a host key that nobody knows', 'none'],
      ['a wrong host key', 'wrong'],
    ] as const)
      it(`fault ${phrase === 'none' ? 1 : 2}: ${name}: nothing is run, exit 3`, async () => {
        using here = await site(lab)
        const { know, wrong } = await keys(here)
        know(phrase === 'none' ? '' : wrong)
        here.book([{ id: 'one', with: { run: here.mark('one') } }])
        const since = (await here.root('date +%s.%N')).trim()
        expect(await here.run().ended).toBe(3)
        expect(here.of('host.refused')).toEqual([
          expect.objectContaining({
            phase: 'host key',
            fingerprints: phrase === 'none' ? [sha256] : [sha256, sha256],
          }),
        ])
        expect(await here.root(`journalctl -u ssh -o cat --since @${since}`)).not.toMatch(/Accepted|Failed/)
        expect(await here.ran()).toEqual([])
        expect(await here.left()).toEqual([])
      })

    it('fault 2: a host key that changes in the middle of a run is refused on the way back', async () => {
      using here = await site(lab)
      const { know, right, wrong } = await keys(here)
      know(right)
      here.book([{ id: 'one', with: { run: `${here.mark('one')}; ${here.gate('end')}` } }])
      const running = here.run()
      await until(running.stderr, async () => (await here.ran()).length === 1)
      // What the operator knows of the host is now another key than the one that it shows.
      know(wrong)
      await here.root("pkill -9 -f '[s]shd: deploy'")
      expect(await running.ended).toBe(5)
      expect(here.of('host.refused')[0]).toMatchObject({ phase: 'host key', fingerprints: [sha256, sha256] })
      expect(here.of('host.connected')).toHaveLength(1)

      know(right)
      const next = here.goOn('--from', 'one')
      await here.open('end')
      expect({ exit: await next.ended, stderr: next.stderr() }).toMatchObject({ exit: 0 })
      expect(await here.ran()).toEqual(['one'])
      expect(await here.leftLater()).toEqual([])
    })

    it('fault 37: MaxSessions 1: all is done, one thing after another', async () => {
      using here = await site(lab)
      here.book([
        { id: 'one', with: { run: here.mark('one'), unless: here.marked('one') } },
        { id: 'two', with: { run: here.mark('two') } },
      ])
      await withSshd(lab, here.host, 'MaxSessions 1', async () => {
        const running = here.run()
        expect({ exit: await running.ended, stderr: running.stderr() }).toMatchObject({ exit: 0 })
        expect(running.stderr()).toContain('no more channels at once (MaxSessions)')
      })
      expect(await here.ran()).toEqual(['one', 'two'])
      expect(await here.left()).toEqual([])
    })

    it('fault 37: MaxStartups 1: all is done, one thing after another', async () => {
      using here = await site(lab)
      here.book([{ id: 'one', with: { run: here.mark('one') } }])
      const log = await withSshd(lab, here.host, 'MaxStartups 1', async () => {
        const beside = Array.from({ length: 3 }, () => here.at.sitrep('plan', 'book.yaml'))
        const running = here.run()
        expect({ exit: await running.ended, stderr: running.stderr() }).toMatchObject({ exit: 0 })
        for (const { exitCode, stderr } of await Promise.all(beside))
          expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
      })
      expect(log).toContain('MaxStartups')
      expect(await here.ran()).toEqual(['one'])
      expect(await here.left()).toEqual([])
    })

    it('fault 34: ctrl-c ends the whole group of a step on the host', async () => {
      using here = await site(lab)
      here.book([{ id: 'one', with: { run: `${here.mark('one')}; (sleep 300 & sleep 301); sleep 302` } }])
      const running = here.run()
      await until(running.stderr, async () => (await here.ran()).length === 1)
      running.kill('SIGINT')
      expect(await running.ended).toBe(130)
      expect(here.of('step.cancelled')).toEqual([expect.objectContaining({ gone: true })])
      expect(await here.left()).toEqual([])
    })
  },
  { hosts: ['core-1', 'edge-1'] },
)
