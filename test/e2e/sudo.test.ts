import { v7 } from 'uuid'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ConnectDeps, connect } from '../../src/hosts/connect.ts'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import { attachJob } from '../../src/hosts/session.ts'
import type { Session } from '../../src/model/command.ts'
import { testHost, text, until } from '../hosts/helpers/machine.ts'
import { labUsers } from '../lab/hosts.ts'
import { labSuite } from '../lab/needs.ts'

const host = 'core-1'

labSuite(
  'sudo on a real host',
  (lab) => {
    const open: Session[] = []
    let asked: string[]
    beforeEach(() => {
      asked = []
    })
    afterEach(async () => {
      await Promise.all(open.splice(0).map((session) => session[Symbol.asyncDispose]()))
    })

    /** A session as this user; the person answers with these, and then no more. */
    async function login(user: keyof typeof labUsers, answers?: string[], deps: Partial<ConnectDeps> = {}) {
      const { address, port, identityFile, knownHosts } = lab.hosts[host]!
      const prompter = answers && {
        confirm: async () => false,
        text: async () => undefined,
        secret: async (q: { what: string }) => {
          asked.push(q.what)
          return answers.shift()
        },
      }
      const session = await connect(
        testHost({
          name: host,
          transport: 'ssh2',
          address,
          port,
          user,
          identityFiles: [identityFile],
          knownHosts: [knownHosts],
        }),
        { secrets: createSecretStore(), gentleMs: 1500, ...(prompter ? { prompter } : {}), ...deps },
      )
      open.push(session)
      return session
    }
    const sudoers = (name: string, lines: string) =>
      lab.exec(host, [
        'sh',
        '-c',
        'umask 337; printf "%s\\n" "$1" > "/etc/sudoers.d/$0" && visudo -cq',
        name,
        lines,
      ])
    const unset = (name: string) => lab.exec(host, ['rm', '-f', `/etc/sudoers.d/${name}`])
    const count = async (pattern: string) => {
      const found = await lab.exec(host, ['sh', '-c', 'pgrep -fc "$0"; :', pattern])
      return Number(found.stdout.trim())
    }

    describe('where none is needed', () => {
      it('fault 21: a command gets its own input and nothing else', async () => {
        const session = await login('deploy')
        const argv = ['sh', '-c', 'id -un; cat']
        expect(text(await session.run({ argv, as: 'root' }))).toEqual({ out: 'root\n', err: '' })
        expect(text(await session.run({ argv, as: 'root', stdin: 'payload' })).out).toBe('root\npayload')
      })

      it('runs the exact words, in the folder, with environment and secrets where they are wanted', async () => {
        const secrets = createSecretStore()
        secrets.register('token', 'prompt', 'a secret\nof two lines\n')
        const session = await login('deploy', undefined, { secrets })
        const look = await session.run({ argv: ['cat', '/proc/self/cmdline'], as: 'root' })
        expect(text(look).out).toBe('cat\0/proc/self/cmdline\0')
        const result = await session.run({
          argv: ['sh', '-c', 'pwd; printf "%s|" "$A" "$TOKEN"; cat'],
          as: 'root',
          cwd: '/root',
          env: { A: "it's" },
          secrets: { TOKEN: { secret: 'token' } },
          stdin: 'in',
        })
        expect(result).toMatchObject({ endedBy: 'exit', exitCode: 0 })
        expect(text(result)).toEqual({ out: "/root\nit's|a secret\nof two lines\n|in", err: '' })
      })

      it('finds a program on the PATH that the inventory gives', async () => {
        await lab.exec(host, [
          'sh',
          '-c',
          'mkdir -p /opt/tools && printf "#!/bin/sh\\necho tool as \\$(id -un)\\n" > /opt/tools/own-tool && chmod 755 /opt/tools/own-tool',
        ])
        const { address, port, identityFile, knownHosts } = lab.hosts[host]!
        const session = await connect(
          testHost({
            transport: 'ssh2',
            address,
            port,
            user: 'deploy',
            identityFiles: [identityFile],
            knownHosts: [knownHosts],
            path: ['/opt/tools'],
          }),
          { secrets: createSecretStore() },
        )
        open.push(session)
        expect(text(await session.run({ argv: ['own-tool'], as: 'root' })).out).toBe('tool as root\n')
        expect(text(await session.run({ argv: ['sh', '-c', 'own-tool'], as: 'root' })).out).toBe(
          'tool as root\n',
        )
        // A program that is elsewhere keeps its exact words, so that a rule for them holds.
        const look = await session.run({ argv: ['cat', '/proc/self/cmdline'], as: 'root' })
        expect(text(look).out).toBe('cat\0/proc/self/cmdline\0')
      })

      it('gives the exit code of the command, also 1, as its own', async () => {
        const session = await login('deploy')
        for (const code of [0, 1, 3]) {
          const result = await session.run({ argv: ['sh', '-c', `exit ${code}`], as: 'root' })
          expect(result).toMatchObject({ endedBy: 'exit', exitCode: code })
          expect(result.problem).toBeUndefined()
        }
      })

      it('reads a file that only the other user may read', async () => {
        const session = await login('deploy')
        await lab.exec(host, ['sh', '-c', 'umask 077; echo hidden > /root/hidden'])
        await expect(session.read('/root/hidden')).rejects.toThrow(/Permission denied/)
        expect(Buffer.from(await session.read('/root/hidden', { as: 'root' })).toString()).toBe('hidden\n')
      })

      it('no sudo for the user that is logged in', async () => {
        const session = await login('plain')
        expect(text(await session.run({ argv: ['id', '-un'], as: 'plain' })).out).toBe('plain\n')
      })

      it('fault 34: ends what runs as another user, and proves it by a look', async () => {
        const session = await login('deploy')
        const result = await session.run({
          argv: ['sh', '-c', "trap '' TERM; sleep 71001 & sleep 71002"],
          as: 'root',
          timeoutMs: 1500,
        })
        expect(result).toMatchObject({ endedBy: 'timeout' })
        expect(result.problem).toBeUndefined()
        expect(await count('^sleep 7100')).toBe(0)
      })

      it('a followed command leaves nothing behind', async () => {
        const session = await login('deploy')
        let heard = ''
        const following = session.follow(
          { argv: ['tail', '-n', '1', '-f', '/etc/shadow-'], as: 'root' },
          { chunk: (_, chunk) => (heard += Buffer.from(chunk).toString()), end: () => {} },
        )
        await until('its line', () => heard !== '')
        await following.stop()
        await until('no tail is left', async () => (await count('^tail -n 1 -f /etc/shadow-')) === 0)
      })
    })

    describe('a rule for one command', () => {
      beforeAll(() => sudoers('plain', 'plain ALL=(root) NOPASSWD: /usr/bin/id -u, /usr/bin/tee /root/teed'))
      afterAll(() => unset('plain'))

      it('fault 21: runs by its exact words and asks nobody; another command is named, not "exit 1"', async () => {
        const session = await login('plain', [])
        expect(text(await session.run({ argv: ['id', '-u'], as: 'root' }))).toEqual({ out: '0\n', err: '' })
        const fed = await session.run({ argv: ['tee', '/root/teed'], as: 'root', stdin: 'exactly this' })
        expect(text(fed)).toEqual({ out: 'exactly this', err: '' })
        expect(asked).toEqual([])
        const other = await session.run({ argv: ['id', '-g'], as: 'root' })
        expect(other.problem).toMatch(/^sudo: a password is required/)
        expect(other.exitCode).toBeUndefined()
        expect(asked).toHaveLength(1)
      })
    })

    describe('a job that may be started, and not ended', () => {
      const stubborn = '/usr/local/bin/sitrep-stubborn'
      const end = () => lab.exec(host, ['sh', '-c', 'pkill -KILL -xf "sleep 75001"; :'])
      beforeAll(async () => {
        const script = '#!/bin/sh\ntrap "" TERM\nexec sleep 75001\n'
        await lab.exec(host, ['sh', '-c', 'printf %s "$1" >"$0"; chmod 755 "$0"', stubborn, script])
        await sudoers('plain', `plain ALL=(root) NOPASSWD: ${stubborn}`)
      })
      afterEach(end)
      afterAll(async () => {
        await unset('plain')
        await lab.exec(host, ['rm', '-f', stubborn])
      })
      const command = { argv: [stubborn], as: 'root' }

      it('fault 34: a cancel says what still runs, and never that it is cancelled', async () => {
        const session = await login('plain', [], { gentleMs: 200 })
        const job = await session.job(v7(), command)
        await until('its sleep', async () => (await count('^sleep 75001')) === 1)
        expect(await job.cancel()).toMatchObject({
          gone: false,
          detail: expect.stringMatching(/sleep \(pid/),
        })
        expect(await session.jobState(job.id)).toEqual({ is: 'running' })
        await end()
        await job.done
        await job.remove()
      })

      it('fault 34: one that takes too long is not waited for any longer: unknown, and what runs is named', async () => {
        const session = await login('plain', [], { gentleMs: 200 })
        const job = await session.job(v7(), command, { timeoutMs: 1000 })
        const result = await job.done
        expect(result).toMatchObject({
          endedBy: 'lost',
          problem: expect.stringMatching(/^still running: .*sleep \(pid \d+\).*; it did not end in time$/),
        })
        expect(result.exitCode).toBeUndefined()
        expect(await session.jobState(job.id)).toEqual({ is: 'running' })
        await end()
        await until('its end', async () => (await session.jobState(job.id)).is === 'done')
        await job.remove()
      })

      it('fault 34: one that hears TERM is ended through its sudo, though its user may kill nothing', async () => {
        await sudoers('plain', 'plain ALL=(root) NOPASSWD: /usr/bin/sleep 75001')
        const session = await login('plain', [], { gentleMs: 3000 })
        const job = await session.job(v7(), { argv: ['sleep', '75001'], as: 'root' })
        await until('its sleep', async () => (await count('^sleep 75001')) === 1)
        expect(await job.cancel()).toMatchObject({ gone: true })
        expect(await count('^sleep 75001')).toBe(0)
        await job.remove()
      })
    })

    describe('where a password is needed', () => {
      const right = labUsers.ops.password

      it('asks once, and gives the command its own input only', async () => {
        const session = await login('ops', [right])
        const argv = ['sh', '-c', 'id -un; cat; tr "\\0" " " < /proc/$PPID/cmdline']
        const first = await session.run({ argv, as: 'root', stdin: 'in;' })
        expect(first).toMatchObject({ endedBy: 'exit', exitCode: 0 })
        expect(text(first).out).toMatch(/^root\nin;/)
        expect(text(first).out).not.toContain(right)
        expect(text(first).err).toBe('')
        await sudoers('ask', 'Defaults:ops timestamp_timeout=0')
        for (const input of [undefined, 'again']) {
          const result = await session.run({
            argv: ['cat'],
            as: 'root',
            ...(input === undefined ? {} : { stdin: input }),
          })
          expect(result).toMatchObject({ endedBy: 'exit', exitCode: 0 })
          expect(text(result)).toEqual({ out: input ?? '', err: '' })
        }
        expect(asked).toEqual(['sudo asks for the password of ops, to run as root'])
        await unset('ask')
      })

      it('fault 23: a wrong one is tried once, named, and asked for again by the next command', async () => {
        const before = await lab.exec(host, [
          'sh',
          '-c',
          'journalctl -t sudo --no-pager | grep -c "authentication failure"; :',
        ])
        const session = await login('ops', ['not the password', right])
        const result = await session.run({ argv: ['touch', '/root/never'], as: 'root' })
        expect(result.problem).toBe('sudo: wrong password')
        expect(result.exitCode).toBeUndefined()
        expect(asked).toHaveLength(1)
        const after = await lab.exec(host, [
          'sh',
          '-c',
          'journalctl -t sudo --no-pager | grep -c "authentication failure"; :',
        ])
        expect(Number(after.stdout) - Number(before.stdout)).toBe(1)
        expect((await lab.exec(host, ['sh', '-c', 'ls /root/never; :'])).stdout).toBe('')
        expect(text(await session.run({ argv: ['id', '-un'], as: 'root' })).out).toBe('root\n')
        expect(asked).toHaveLength(2)
      })

      it('fault 23: where sudo asks only once, too, a wrong one is forgotten', async () => {
        await sudoers('once', 'Defaults:ops passwd_tries=1, timestamp_timeout=0')
        try {
          const session = await login('ops', ['not the password', right])
          const result = await session.run({ argv: ['true'], as: 'root' })
          expect(result.problem).toBe('sudo: wrong password')
          expect(text(await session.run({ argv: ['id', '-un'], as: 'root' })).out).toBe('root\n')
          // A command that is over before it is seen proves the password all the same.
          expect((await session.run({ argv: ['false'], as: 'root' })).exitCode).toBe(1)
          expect(asked).toHaveLength(2)
        } finally {
          await unset('once')
        }
      })

      it('fault 23: commands side by side make one attempt for one answer', async () => {
        await sudoers('never', 'Defaults:ops timestamp_timeout=0')
        try {
          const session = await login('ops', ['not the password', right])
          const all = await Promise.all(
            Array.from({ length: 4 }, () => session.run({ argv: ['id', '-un'], as: 'root' })),
          )
          expect(all.filter(({ problem }) => problem === 'sudo: wrong password')).toHaveLength(1)
          expect(all.filter((result) => text(result).out === 'root\n')).toHaveLength(3)
          expect(asked).toHaveLength(2)
        } finally {
          await unset('never')
        }
      })

      it('fault 21: credentials that sudo still remembers are used, and nobody is asked', async () => {
        await sudoers('global', 'Defaults:ops timestamp_type=global, timestamp_timeout=5')
        try {
          const session = await login('ops', [right])
          await session.run({ argv: ['true'], as: 'root' })
          const other = await login('ops')
          const fed = await other.run({ argv: ['cat'], as: 'root', stdin: 'exactly this' })
          expect(text(fed)).toEqual({ out: 'exactly this', err: '' })
          expect(asked).toHaveLength(1)
        } finally {
          await unset('global')
          await lab.exec(host, ['sh', '-c', 'rm -f /run/sudo/ts/*'])
        }
      })

      it('fault 22: where nobody can be asked it is named within 2 s', async () => {
        const session = await login('ops')
        const result = await session.run({ argv: ['true'], as: 'root' })
        expect(result.problem).toBe('sudo: a password is required, and nobody could be asked')
        expect(result.exitCode).toBeUndefined()
        expect(result.ms).toBeLessThan(2000)
      })

      it('a job waits for the person, and can be cancelled', async () => {
        const session = await login('ops', [right])
        const id = v7()
        const job = await session.job(id, {
          argv: ['sh', '-c', 'cat; sleep 72001'],
          as: 'root',
          stdin: 'fed\n',
        })
        await until('its sleep', async () => (await count('^sleep 72001')) === 1)
        expect(await job.cancel()).toMatchObject({ gone: true })
        expect(await count('^sleep 72001')).toBe(0)
        const result = await job.done
        expect(result).toMatchObject({ endedBy: 'cancel' })
        expect(text(result).out).toBe('fed\n')
        // The step's own shell may still say that its child was terminated; none of the talk with sudo stands there.
        expect(text(result).err).toMatch(/^(Terminated\n)?$/)
        await job.remove()
        expect(asked).toHaveLength(1)
      })
    })

    describe('jobs as another user', () => {
      it('gives input, output and exit code, and none of the talk with sudo, also to who attaches', async () => {
        const session = await login('deploy')
        const id = v7()
        const argv = ['sh', '-c', 'id -un; cat; echo err >&2; exit 5']
        const job = await session.job(id, { argv, as: 'root', stdin: 'fed\n' })
        const result = await job.done
        expect(result).toMatchObject({ endedBy: 'exit', exitCode: 5 })
        expect(text(result)).toEqual({ out: 'root\nfed\n', err: 'err\n' })
        const attached = await (await attachJob(session, id))!.done
        expect(attached).toMatchObject({ exitCode: 5 })
        expect(text(attached)).toEqual(text(result))
        const state = await session.jobState(id)
        expect(state).toMatchObject({ is: 'done', result: { exitCode: 5 } })
        if (state.is === 'done') expect(text(state.result)).toEqual(text(result))
        await job.remove()
      })

      it('is cancelled by who attached to it', async () => {
        const session = await login('deploy')
        const id = v7()
        const first = await session.job(id, {
          argv: ['sh', '-c', "trap '' TERM; sleep 73001; sleep 73002"],
          as: 'root',
        })
        await until('its sleep', async () => (await count('^sleep 73001')) === 1)
        const other = await login('deploy')
        const job = await attachJob(other, id)
        expect(await job!.cancel()).toMatchObject({ gone: true })
        expect(await count('^sleep 7300')).toBe(0)
        expect(await job!.done).toMatchObject({ endedBy: 'cancel' })
        // Who did not cancel it learns that it was ended from outside, and never an exit code that is not true.
        expect((await first.done).exitCode).not.toBe(0)
        await job!.remove()
      })
    })

    describe('the configuration', () => {
      it('fault 34: with use_pty too, the whole group is gone', async () => {
        await sudoers('pty', 'Defaults use_pty')
        const session = await login('deploy')
        const fed = await session.run({ argv: ['cat'], as: 'root', stdin: 'fed' })
        expect(text(fed)).toEqual({ out: 'fed', err: '' })
        const job = await session.job(v7(), {
          argv: ['sh', '-c', "trap '' TERM; sleep 74001 & sleep 74002"],
          as: 'root',
        })
        await until('its sleeps', async () => (await count('^sleep 7400')) === 2)
        expect(await job.cancel()).toMatchObject({ gone: true })
        expect(await count('^sleep 7400')).toBe(0)
        await job.remove()
        await unset('pty')
      })

      it.each([
        [
          'requiretty',
          'deploy',
          () => sudoers('tty', 'Defaults:deploy requiretty'),
          () => unset('tty'),
          /terminal/,
        ],
        [
          'no right to this command',
          'plain',
          () => sudoers('p', 'plain ALL=(root) NOPASSWD: /usr/bin/id'),
          () => unset('p'),
          /^sudo: (this user may not run this command|a password)/,
        ],
        [
          'no sudoers entry',
          'plain',
          async () => {},
          async () => {},
          /^sudo: (this user is not in the sudoers file|a password)/,
        ],
        [
          'no sudo',
          'deploy',
          () => lab.exec(host, ['mv', '/usr/bin/sudo', '/usr/bin/sudo.away']),
          () => lab.exec(host, ['mv', '/usr/bin/sudo.away', '/usr/bin/sudo']),
          /^sudo: not installed/,
        ],
      ] as const)('fault 22: %s is named within 2 s', async (_, user, set, reset, name) => {
        await set()
        try {
          const session = await login(user)
          const result = await session.run({ argv: ['touch', '/root/never'], as: 'root' })
          expect(result.problem).toMatch(name)
          expect(result.exitCode).toBeUndefined()
          expect(result.ms).toBeLessThan(2000)
          const job = await session.job(v7(), { argv: ['touch', '/root/never'], as: 'root' })
          const done = await job.done
          expect(done.problem).toMatch(name)
          expect(done.exitCode).toBeUndefined()
          await job.remove()
        } finally {
          await reset()
        }
      })

      it('fault 22: with a password given, "not in the sudoers file" is told as that', async () => {
        const session = await login('plain', [labUsers.plain.password])
        const result = await session.run({ argv: ['true'], as: 'root' })
        expect(result.problem).toBe('sudo: this user is not in the sudoers file')
      })

      it('a user that does not exist is named', async () => {
        const session = await login('deploy')
        const result = await session.run({ argv: ['true'], as: 'nosuch' })
        expect(result.problem).toBe('sudo: the user to run as does not exist')
      })
    })
  },
  { hosts: [host] },
)
