import { describe, expect, it } from 'vitest'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import { createSudoPasswords } from '../../src/hosts/sudo/passwords.ts'
import { sudoProblem } from '../../src/hosts/sudo/problem.ts'
import { testHost } from './helpers/machine.ts'

describe('sudo', () => {
  it.each([
    ['plain is not in the sudoers file.', 'sudo: this user is not in the sudoers file'],
    [
      'sudo: sorry, you must have a tty to run sudo',
      'sudo: it wants a terminal (requiretty), which a step has not',
    ],
    [
      "Sorry, user ops is not allowed to execute '/bin/id' as root on h.",
      'sudo: this user may not run this command',
    ],
    ['sudo: 1 incorrect password attempt', 'sudo: wrong password'],
    ['sudo: a password is required', 'sudo: a password is required, and none was given'],
    [
      'sudo: no password was provided\nsudo: a password is required',
      'sudo: a password is required, and none was given',
    ],
    [
      'sudo: unknown user nosuch\nsudo: error initializing audit plugin',
      'sudo: the user to run as does not exist',
    ],
    [
      'sudo: unable to resolve host x: Name or service not known\nsudo: unknown user y',
      'sudo: the user to run as does not exist',
    ],
    ['sudo: something \x1b[31mnew', 'sudo: something ?[31mnew'],
  ])('fault 22: names %j', (said, name) => {
    expect(sudoProblem(Buffer.from(`${said}\n`))).toBe(name)
  })

  it.each([
    '',
    'a password is required',
    'error: 1 incorrect password attempt',
    'sudo: unable to resolve host x: unknown',
  ])('takes %j for the words of the command', (said) => {
    expect(sudoProblem(Buffer.from(said))).toBeUndefined()
  })

  /** Passwords whose person gives these answers, one after another. */
  function asked(...answers: (string | undefined)[]) {
    const secrets = createSecretStore()
    const questions: string[] = []
    const prompter = {
      confirm: async () => false,
      secret: async (q: { who: string; what: string }) => {
        questions.push(`${q.who}: ${q.what}`)
        return answers.shift()
      },
      text: async () => undefined,
    }
    return { passwords: createSudoPasswords({ prompter, secrets }), secrets, questions }
  }
  const core = testHost({ name: 'core-1', address: '10.0.4.11' })

  it('asks once for each host and user, also side by side', async () => {
    const { passwords, secrets, questions } = asked('correct horse', 'battery')
    const [one, two] = [passwords.get(core, 'ops', 'root'), passwords.get(core, 'ops', 'app')]
    ;(await one)?.right()
    expect((await two)?.password).toBe('correct horse')
    expect(questions).toEqual(['core-1 (10.0.4.11): sudo asks for the password of ops, to run as root'])
    expect(secrets.entries()).toMatchObject([{ name: 'sudo ops@core-1', value: 'correct horse' }])
    await passwords.get(testHost({ name: 'edge-1' }), 'ops', 'root')
    expect(questions).toHaveLength(2)
  })

  it('fault 23: one answer is one attempt, however many commands wait for it', async () => {
    const { passwords, questions } = asked('wrong', 'right')
    const tried: string[] = []
    const command = async () => {
      const attempt = await passwords.get(core, 'ops', 'root')
      tried.push(attempt?.password ?? '')
      // What becomes of it is known only after a while.
      await new Promise(setImmediate)
      if (attempt?.password === 'wrong') attempt.wrong()
      else attempt?.right()
    }
    await Promise.all([command(), command(), command(), command()])
    expect(tried).toEqual(['wrong', 'right', 'right', 'right'])
    expect(questions).toHaveLength(2)
  })

  it('a late word on a former password does not take the new one away', async () => {
    const { passwords, questions } = asked('former', 'new one')
    const [first] = [await passwords.get(core, 'ops', 'root')]
    first?.right()
    const late = await passwords.get(core, 'ops', 'root')
    first?.wrong()
    ;(await passwords.get(core, 'ops', 'root'))?.right()
    late?.wrong()
    expect((await passwords.get(core, 'ops', 'root'))?.password).toBe('new one')
    expect(questions).toHaveLength(2)
  })

  it('keeps no answer that nobody gave, and asks once for all that wait for it', async () => {
    const { passwords, questions } = asked(undefined, 'given')
    const all = await Promise.all([passwords.get(core, 'ops', 'root'), passwords.get(core, 'ops', 'root')])
    expect(all).toEqual([undefined, undefined])
    expect(questions).toHaveLength(1)
    expect((await passwords.get(core, 'ops', 'root'))?.password).toBe('given')
    const nobody = createSudoPasswords({ secrets: createSecretStore() })
    expect(await nobody.get(core, 'ops', 'root')).toBeUndefined()
  })
})
