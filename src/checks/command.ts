import * as z from 'zod'
import type { CheckKind } from '../model/check.ts'
import { wholeText } from '../model/said.ts'
import { shellWords, zShell } from '../model/schema.ts'
import { describeShellExpect, judgeExit, zExpect } from '../model/shellExpect.ts'

const params = z.strictObject({
  run: zShell.describe('Shell text that only looks, run by sh -c on the host'),
  expect: zExpect.optional().describe('The exit code (0 where absent) and what the output matches'),
})

type Params = z.infer<typeof params>

/** Any command that only looks, with its exit code and output. */
export const check: CheckKind<Params> = {
  kind: 'command',
  summary: 'Runs a command that only looks, and compares its exit code and output.',
  params,
  shellText: ['run'],
  example: 'run: systemctl is-active nginx\nexpect: { match: ^active$ }\n',
  effect: () => 'observe',
  async observe({ reader, text, signal }, { run, expect = {} }) {
    const { argv, secrets } = shellWords(run)
    const command = { argv, ...(Object.keys(secrets).length === 0 ? {} : { secrets }) }
    const result = await reader.run(command, signal === undefined ? {} : { signal })
    const { ok, observed } = judgeExit(expect, result, text)
    const said = wholeText(result.stdout.bytes.length > 0 ? result.stdout : result.stderr, text)
    return {
      verdict: ok ? 'ok' : result.endedBy === 'lost' || result.problem !== undefined ? 'unknown' : 'failed',
      expected: describeShellExpect(expect),
      observed,
      ms: Math.round(result.ms),
      ...(said.trim() === '' ? {} : { evidence: said.trimEnd() }),
    }
  },
}
