import { join } from 'node:path'
import { execa } from 'execa'
import { expect, it } from 'vitest'

it('a command that waits for what can not happen any more is told, and never ends with 0', async () => {
  const file = join(import.meta.dirname, '../../src/cli/failure.ts')
  const script = `
    const { tellCrashes } = await import(${JSON.stringify(file)})
    tellCrashes()
    new Promise(() => {})`
  const { exitCode, stderr } = await execa(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    { reject: false, cwd: import.meta.dirname },
  )
  expect(stderr).toContain('sitrep: the command did not come to its end')
  expect(exitCode).toBe(1)
})
