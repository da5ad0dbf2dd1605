import { join } from 'node:path'
import { execa } from 'execa'
import { expect, it } from 'vitest'

/** Runs a script on the exports of the terminal's module, with this typed into it. */
async function typed(input: string, script: string): Promise<string> {
  const file = JSON.stringify(join(import.meta.dirname, '../../src/cli/terminal.ts'))
  const whole = `const { askLine, unlessAsking } = await import(${file})\n${script}`
  const { stdout } = await execa(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', whole],
    { input },
  )
  return stdout
}

it('ctrl-c at a question is heard as a signal before the question counts as not answered', async () => {
  const stdout = await typed(
    '\u0003',
    `const stop = new AbortController()
    process.on('SIGINT', () => stop.abort())
    const said = await askLine('trust it? ')
    console.log(JSON.stringify({ said: said ?? 'nothing', stopped: stop.signal.aborted }))`,
  )
  expect(stdout).toContain('{"said":"nothing","stopped":true}')
})

it('what is shown while a question stands on the terminal is held back until it is answered, in its order', async () => {
  const stdout = await typed(
    'me\n',
    `const shown = []
    unlessAsking(() => shown.push('before'))
    const asked = askLine('who? ')
    unlessAsking(() => shown.push('one'))
    unlessAsking(() => shown.push('two'))
    shown.push('asked')
    shown.push(await asked)
    unlessAsking(() => shown.push('after'))
    console.log(shown.join(' '))`,
  )
  expect(stdout).toContain('before asked one two me after')
})
