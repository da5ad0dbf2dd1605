import { describe, expect, it } from 'vitest'
import { lookAt } from '../../../src/actions/shared/files.ts'
import { shortSha, succeeded, whyFailed } from '../../../src/actions/shared/result.ts'
import type { RunResult } from '../../../src/model/command.ts'
import { decoded } from '../../helpers/act.ts'
import { testSession } from '../../helpers/reader.ts'

const output = (text: string) => ({ bytes: Buffer.from(text), total: text.length, cut: false })
const result = (more: Partial<RunResult>): RunResult => ({
  endedBy: 'exit',
  exitCode: 1,
  stdout: output(''),
  stderr: output(''),
  ms: 2100,
  ...more,
})

describe('whyFailed', () => {
  it.each([
    [{}, 'exit 1'],
    [{ stderr: output('a\nno such unit\n\n') }, 'exit 1: no such unit'],
    [{ stdout: output('told on stdout') }, 'exit 1: told on stdout'],
    [{ endedBy: 'signal', signal: 'SIGKILL' }, 'ended by SIGKILL'],
    [{ endedBy: 'timeout' }, 'did not end within 2 s'],
    [{ endedBy: 'lost' }, 'the link was lost'],
    [{ endedBy: 'cancel' }, 'cancelled'],
    [{ problem: 'sudo: wrong password' }, 'sudo: wrong password'],
  ] as [Partial<RunResult>, string][])('%j → %s', (more, why) => {
    expect(whyFailed(result(more), decoded)).toBe(why)
    expect(succeeded(result(more))).toBe(false)
  })

  it('fault 24: picks the last line of what came through the pipe', () => {
    const text = (bytes: Uint8Array) => decoded(bytes).replaceAll('one\ntwo', '‹secret:x›')
    expect(whyFailed(result({ stderr: output('one\ntwo') }), text)).toBe('exit 1: ‹secret:x›')
    const cut = { ...output(`${'a\n'.repeat(4000)}one\ntw`), cut: true }
    expect(whyFailed(result({ stdout: cut }), text)).toBe('exit 1: a')
  })

  it('shortens a sha256 and nothing else', () => {
    expect(shortSha('a'.repeat(64))).toBe('aaaaaaaa…')
    expect(shortSha('absent')).toBe('absent')
  })
})

describe('lookAt', () => {
  it('throws where the host could not be asked', async () => {
    const session = testSession()
    session.run = async () => result({ endedBy: 'lost' })
    await expect(lookAt(session, ['/a', '/b'], { text: decoded })).rejects.toThrow(
      "can't look at /a, /b: the link was lost",
    )
  })
})
