import { hostWords } from '../errors.ts'

const own: [RegExp, string][] = [
  [/is not in the sudoers file/, 'this user is not in the sudoers file'],
  [
    /must have a tty|no tty present|terminal is required/,
    'it wants a terminal (requiretty), which a step has not',
  ],
  [/not allowed to execute|may not run sudo|not allowed to run/, 'this user may not run this command'],
  [/incorrect password attempt/, 'wrong password'],
  [/password is required|no password was provided/, 'a password is required, and none was given'],
  [/unknown user/, 'the user to run as does not exist'],
  [/account (validation|has expired)|account is locked/, 'the account is locked or has expired'],
  [/setuid|no new privileges/, 'it can not become root here (no setuid)'],
  [
    /parse error|syntax error|unable to initialize policy|no valid sudoers|is owned by uid|world writable/,
    'its configuration is broken',
  ],
]

/**
 * Why sudo itself ended a command that it never started, in words; undefined where the exit looks like the command's own.
 * Its messages are asked for in English (LC_MESSAGES=C).
 */
export function sudoProblem(stderr: Uint8Array): string | undefined {
  const text = hostWords(Buffer.from(stderr).toString('utf8'))
  // A warning that sudo prints and goes on.
  const lines = text.split('\n').filter((line) => !/unable to resolve host/.test(line))
  for (const [pattern, name] of own) {
    if (lines.some((line) => /^(sudo: |Sorry, |\S+ is not )/.test(line) && pattern.test(line)))
      return `sudo: ${name}`
  }
  return lines.find((line) => line.startsWith('sudo: '))?.trim()
}
