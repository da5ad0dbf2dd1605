import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Tmux, tmux } from '../helpers/tmux.ts'
import { type LoginServer, loginServer } from '../hosts/helpers/loginServer.ts'
import { hasSshd, type PrivateSshd, privateSshd } from '../lab/privateSshd.ts'
import { writeBook, writeInventory } from './helpers/book.ts'
import { sit } from './helpers/console.ts'
import { recorded } from './helpers/running.ts'
import { type Desk, desk, program } from './helpers/sitrep.ts'

/** Other test runs may share the machine. */
const patience = 30_000
const password = 'correct-horse-battery'
const passphrase = 'open-sesame-4711'

describe.skipIf(!hasSshd())(
  'a host that asks for a password and a code, behind a bastion with an encrypted key',
  () => {
    let at: Desk
    let bastion: PrivateSshd
    let core: LoginServer
    let t: Tmux | undefined
    const file = (name: string) => join(at.cwd, name)
    const read = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '')

    beforeEach(async () => {
      at = desk()
      delete at.env.SSH_AUTH_SOCK
      at.env.XDG_STATE_HOME = file('host-state')
      ;[bastion, core] = await Promise.all([privateSshd(), loginServer({ password, code: '123456' })])
      writeFileSync(file('key'), readFileSync(bastion.identityFile), { mode: 0o600 })
      await execa('ssh-keygen', ['-p', '-P', '', '-N', passphrase, '-f', file('key')])
      writeFileSync(file('known'), readFileSync(bastion.knownHosts))
      writeInventory(at, {
        bastion: {
          address: bastion.address,
          port: bastion.port,
          identity_file: file('key'),
          known_hosts: file('known'),
        },
        core: {
          address: '127.0.0.1',
          port: core.port,
          user: 'ops',
          jump: 'bastion',
          known_hosts: file('known'),
        },
      })
      writeBook(at, [{ id: 'one', with: { run: `echo one >> ${file('done')}` } }], { hosts: 'core' })
    })
    afterEach(async () => {
      await t?.kill()
      t = undefined
      core.close()
      await bastion.stop()
      at[Symbol.dispose]()
    })
    const knowCore = () =>
      writeFileSync(file('known'), `${read('known')}[127.0.0.1]:${core.port} ${core.key}\n`)
    async function open(...args: string[]): Promise<Tmux> {
      const script = `${[...program, ...args].join(' ')}; echo "ended with $?"; sleep 600`
      t = await tmux({ command: ['sh', '-c', script], cwd: at.cwd, env: at.env, columns: 160, rows: 50 })
      return t
    }
    const see = (pattern: RegExp) => t!.see(pattern, patience)
    const answer = async (text: string) => {
      await t!.type(text)
      await t!.press('Enter')
    }
    /** Answers the console's question: keys that come too soon after it was shown count for nothing. Gives the screen before Enter. */
    const fill = async (text: string, typed: RegExp): Promise<string> => {
      await t!.pressUntil('x', typed)
      await t!.press('C-u')
      await t!.gone(typed)
      await t!.type(text)
      const screen = await t!.see(typed)
      await t!.press('Enter')
      return screen
    }
    /** Nothing that was typed in secret stands in any file of the incident. */
    async function expectNoSecret(): Promise<void> {
      const found = await execa('grep', ['-rlF', '-e', password, '-e', passphrase, at.home], {
        reject: false,
      })
      expect(found.stdout).toBe('')
      expect(found.exitCode).toBe(1)
    }

    it('asks for all of it on the terminal, each under the name of who asks, and runs', async () => {
      await open('run', 'book.yaml', '--yes')
      await see(/bastion \(127\.0\.0\.1\): the passphrase of .*key: *$/m)
      await answer(passphrase)
      // Shown after the login on the bastion: the key of the host behind it.
      await see(
        /core \(127\.0\.0\.1:\d+\): this host is not known yet; its key is SHA256:[^\n]*\n.*trust it from now on\? \[y\/N\]/,
      )
      await answer('y')
      await see(/core \(127\.0\.0\.1\): to log in as ops this host asks:\n *Password:/)
      await answer(password)
      await see(/this host asks:\n *Verification code:/)
      await answer('123456')
      const screen = await see(/ended with 0/)
      expect(screen).not.toContain(password)
      expect(screen).not.toContain(passphrase)
      expect(read('done')).toBe('one\n')
      expect(core.answers).toEqual([[password], ['123456']])
      expect(read('known')).toContain(`[127.0.0.1]:${core.port} ${core.key}`)
      await expectNoSecret()
      // They are named among the incident's secrets, and asked for only where they are needed again.
      const names = recorded(at).flatMap(({ type, data }) =>
        type === 'secret.registered' ? [(data as { name: string }).name] : [],
      )
      expect(names.sort()).toEqual(['ssh ops@core', `ssh ${bastion.user}@bastion`])
      await t?.kill()
      const again = await at.sitrep('timeline', at.incident())
      expect(again.exitCode).toBe(0)
    })

    it('without a terminal it is refused at once, with what was wanted, exit 3', async () => {
      knowCore()
      writeFileSync(file('key'), readFileSync(bastion.identityFile), { mode: 0o600 })
      const { exitCode, stdout, stderr } = await at.sitrep('run', 'book.yaml', '--yes')
      expect(exitCode).toBe(3)
      expect(`${stdout}${stderr}`).toMatch(
        /it takes keyboard-interactive; nobody can be asked here for a password or a code/,
      )
      expect(stderr).toContain('log in from the console or from a terminal')
      expect(core.answers).toEqual([])
    })

    it('trust shows the key of a host behind the bastion, and asks for the way there first', async () => {
      writeFileSync(file('known'), '')
      await open('trust', 'core')
      await see(/bastion \(127\.0\.0\.1:\d+\): this host is not known yet[\s\S]*\[y\/N\]/)
      await answer('y')
      await see(/the passphrase of/)
      await answer(passphrase)
      await see(/core \(127\.0\.0\.1:\d+\): it shows SHA256:\S+ Is this its key\? \[y\/N\]/)
      await answer('y')
      await see(/ended with 0/)
      expect(read('known').split('\n')[1]).toBe(`[127.0.0.1]:${core.port} ${core.key}`)
      // Nobody logged in to the host itself.
      expect(core.answers).toEqual([])
    })

    it('a jump host that only the way to a host names can be trusted by that name', async () => {
      writeInventory(at, {
        core: {
          address: '127.0.0.1',
          port: core.port,
          jump: `127.0.0.1:${bastion.port}`,
          known_hosts: file('known'),
        },
      })
      const refused = await at.sitrep('trust', '127.0.0.1')
      expect(refused).toMatchObject({ exitCode: 4 })
      expect(refused.stderr).toContain(`not trusted: ${bastion.hostKeyFingerprint}`)
      expect((await at.sitrep('trust', 'nobody')).stderr).toContain('unknown host')
    })

    it('the console asks in its own panel, and shows what may be seen', async () => {
      knowCore()
      mkdirSync(file('runbooks'))
      writeFileSync(file('runbooks/book.yaml'), read('book.yaml'))
      expect(await at.sitrep('trust', '--runbooks', 'runbooks')).toMatchObject({ exitCode: 0 })
      await using person = await sit(at, [])
      t = person.t
      await t.see(/\[2\] runbooks/)
      await t.press('2')
      await t.see(/› book/)
      await t.press('Enter')
      await t.see(/New incident with book/)
      await answer('Logins')
      await see(/QUESTION from bastion[\s\S]*the passphrase of/)
      expect(await fill(passphrase, /secret typed/)).not.toContain(passphrase)
      await see(/QUESTION from core[\s\S]*Password:/)
      await fill(password, /secret typed/)
      await see(/QUESTION from core[\s\S]*Verification code:/)
      expect(await fill('123456', /answer \w/)).toContain('answer 123456')
      await see(/book-\d+ on core ready/)
      await expectNoSecret()
      t = undefined
    })
  },
)
