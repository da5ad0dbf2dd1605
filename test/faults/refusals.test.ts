import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { until } from '../e2e/helpers/running.ts'
import { keyPair, knownHostsLines } from '../lab/keys.ts'
import { labSuite } from '../lab/needs.ts'
import type { Lab } from '../lab/types.ts'
import { site } from './helpers/site.ts'

/** Runs with a line more in the host's sshd_config, and takes it out again. */
async function withSshd(lab: Lab, host: string, line: string, work: () => Promise<void>): Promise<void> {
  const file = '/etc/ssh/sshd_config.d/10-fault.conf'
  const reload = 'systemctl reload ssh'
  await lab.exec(host, ['sh', '-c', `echo '${line}' > ${file} && ${reload}`])
  try {
    await work()
  } finally {
    await lab.exec(host, ['sh', '-c', `rm -f ${file} && ${reload}`])
  }
}

labSuite(
  'a host that refuses, or has no room',
  (lab) => {
    it('fault 33: a full disk is named, and the step is not run', async () => {
      using here = site(lab)
      const home = '/home/deploy/.local/state/sitrep'
      here.book([{ id: 'one', with: { run: here.mark('one') } }])
      await here.root(
        `mkdir -p ${home} && mount -t tmpfs -o size=64k,uid=$(id -u deploy),mode=700 tmpfs ${home} && head -c 1M /dev/zero > ${home}/fill 2>/dev/null; :`,
      )
      try {
        expect(await here.run().ended).toBe(1)
        expect(here.of('step.applied')[0]?.problem).toMatch(/no space/i)
        expect(await here.ran()).toEqual([])
      } finally {
        await here.root(`umount ${home}`)
      }
      expect((await here.goOn('--from', 'one')).exitCode).toBe(0)
      expect(await here.ran()).toEqual(['one'])
      expect(await here.left()).toEqual([])
    })

    it('fault 36: an sshd that stands still has its own name, and another host goes on', async () => {
      using here = site(lab)
      const { address, port, user, identityFile, knownHosts } = lab.hosts['edge-1']!
      const inventory = join(here.at.cwd, 'sitrep.yaml')
      const edge = { address, port, user, identity_file: identityFile, known_hosts: knownHosts }
      writeFileSync(inventory, `${readFileSync(inventory, 'utf8')}  edge-1: ${JSON.stringify(edge)}\n`)
      here.book([{ id: 'one', with: { run: here.mark('one') } }], { hosts: ['core-1', 'edge-1'] })
      await here.root('kill -STOP $(systemctl show -P MainPID ssh)')
      try {
        const { exitCode, stdout } = await here.at.sitrep('plan', 'book.yaml', '--json')
        expect(exitCode).toBe(3)
        const { hosts } = JSON.parse(stdout) as {
          hosts: { host: string; reached: boolean; reason?: string }[]
        }
        expect(hosts).toMatchObject([
          { host: 'core-1', reached: false, reason: expect.stringMatching(/handshake|no answer|banner/) },
          { host: 'edge-1', reached: true },
        ])
      } finally {
        await here.root('kill -CONT $(systemctl show -P MainPID ssh)')
      }
      expect(await here.ran()).toEqual([])
    })

    it('fault 1: a host key that nobody knows: nothing is run, exit 3', async () => {
      using here = site(lab, { known_hosts: '/dev/null' })
      here.book([{ id: 'one', with: { run: here.mark('one') } }])
      expect(await here.run().ended).toBe(3)
      expect(here.of('host.refused')).toEqual([
        expect.objectContaining({ phase: 'host key', fingerprints: [expect.stringMatching(/^SHA256:/)] }),
      ])
      expect(await here.ran()).toEqual([])
    })

    it('fault 2: a host key that changes in the middle of a run is refused on the way back', async () => {
      using here = site(lab)
      const { address, port } = lab.hosts['core-1']!
      const other = await keyPair(join(here.at.cwd, 'other'))
      const known = join(here.at.cwd, 'known_hosts')
      writeFileSync(known, readFileSync(lab.hosts['core-1']!.knownHosts))
      const inventory = join(here.at.cwd, 'sitrep.yaml')
      writeFileSync(
        inventory,
        readFileSync(inventory, 'utf8').replace(/known_hosts: .*/, `known_hosts: ${known}`),
      )
      here.book([{ id: 'one', with: { run: `${here.mark('one')}; sleep 6` } }])
      const running = here.run()
      await until(running.stderr, async () => (await here.ran()).length === 1)
      // What the operator knows of the host is now another key than the one that it shows.
      writeFileSync(known, knownHostsLines(address, port, [other]))
      await here.root("pkill -9 -f 'sshd: deploy' || :")
      expect(await running.ended).toBe(5)
      expect(here.of('host.refused')[0]).toMatchObject({
        phase: 'host key',
        fingerprints: [expect.stringMatching(/^SHA256:/), expect.stringMatching(/^SHA256:/)],
      })
      writeFileSync(known, readFileSync(lab.hosts['core-1']!.knownHosts))
      await until(
        () => 'the end of the step',
        async () => !(await here.root('pgrep -x sleep || :')),
      )
      expect((await here.goOn('--from', 'one')).exitCode).toBe(0)
      expect(await here.ran()).toEqual(['one'])
      expect(await here.left()).toEqual([])
    })

    for (const line of ['MaxSessions 1', 'MaxStartups 1'])
      it(`fault 37: ${line}: all is done, one thing after another`, async () => {
        using here = site(lab)
        here.book([
          { id: 'one', with: { run: here.mark('one'), unless: 'false' } },
          { id: 'two', with: { run: here.mark('two') } },
        ])
        await withSshd(lab, here.host, line, async () => {
          const beside = line.startsWith('MaxStartups') ? [here.at.sitrep('plan', 'book.yaml')] : []
          const running = here.run()
          expect({ exit: await running.ended, stderr: running.stderr() }).toMatchObject({ exit: 0 })
          for (const { exitCode } of await Promise.all(beside)) expect(exitCode).toBe(0)
        })
        expect(await here.ran()).toEqual(['one', 'two'])
        expect(await here.left()).toEqual([])
      })

    it('fault 34: ctrl-c ends the whole group of a step on the host', async () => {
      using here = site(lab)
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
