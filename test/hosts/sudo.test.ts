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

  it('asks once for each host and user, also side by side, and again after a wrong one', async () => {
    const secrets = createSecretStore()
    const asked: string[] = []
    const prompter = {
      confirm: async () => false,
      secret: async (q: { who: string; what: string }) => {
        asked.push(`${q.who}: ${q.what}`)
        return 'correct horse'
      },
    }
    const passwords = createSudoPasswords({ prompter, secrets })
    const [core, edge] = [testHost({ name: 'core-1', address: '10.0.4.11' }), testHost({ name: 'edge-1' })]
    await Promise.all([passwords.get(core, 'ops', 'root'), passwords.get(core, 'ops', 'app')])
    expect(asked).toEqual(['core-1 (10.0.4.11): sudo asks for the password of ops, to run as root'])
    expect(secrets.entries()).toMatchObject([{ name: 'sudo ops@core-1', value: 'correct horse' }])
    await passwords.get(edge, 'ops', 'root')
    passwords.forget(core, 'ops')
    await passwords.get(core, 'ops', 'root')
    expect(asked).toHaveLength(3)
  })

  it('keeps no answer that nobody gave', async () => {
    const answers = [undefined, 'given']
    const prompter = { confirm: async () => false, secret: async () => answers.shift() }
    const passwords = createSudoPasswords({ prompter, secrets: createSecretStore() })
    expect(await passwords.get(testHost({}), 'ops', 'root')).toBeUndefined()
    expect(await passwords.get(testHost({}), 'ops', 'root')).toBe('given')
    expect(
      await createSudoPasswords({ secrets: createSecretStore() }).get(testHost({}), 'ops', 'root'),
    ).toBeUndefined()
  })
})
