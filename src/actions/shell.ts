import * as z from 'zod'
import type { Action, Change, Plan, Verdict } from '../model/action.ts'
import type { Command, Reader } from '../model/command.ts'
import { type Shell, shellWords, zPath, zShell } from '../model/schema.ts'
import { judgeExit, zExpect } from '../model/shellExpect.ts'

const params = z.strictObject({
  run: zShell.describe('Shell text, run by sh -c'),
  creates: zPath.optional().describe('Done already where this path exists'),
  unless: zShell.optional().describe('Done already where this read-only command exits 0'),
  expect: zExpect.optional().describe('The exit code (0 where absent) and what the output matches'),
  undo: zShell.optional().describe('Shell text that takes it back'),
  changes: z.boolean().default(true).describe('false: it only looks'),
})

type Params = z.infer<typeof params>

/** What the guards said; undefined where there is none. */
interface Facts {
  created?: boolean
  unless?: boolean
  /** Why a guard could not be asked. */
  problem?: string
}

const commandOf = (shell: Shell): Command => {
  const { argv, secrets } = shellWords(shell)
  return { argv, ...(Object.keys(secrets).length === 0 ? {} : { secrets }) }
}

/** Runs the text and exits 0 where its exit code is a wanted one, so that the runner sees a change that went well. */
const mapped =
  'sh -c "$1"; code=$?; case " $2 " in *" $code "*) exit 0;; esac; echo "exit $code, expected $2" >&2; [ $code -eq 0 ] && exit 1; exit $code'

function runOf({ run, expect }: Params): Command {
  const wanted = [expect?.exit ?? 0].flat()
  const plain = commandOf(run)
  if (wanted.length === 1 && wanted[0] === 0) return plain
  return { ...plain, argv: ['sh', '-c', mapped, 'sh', run.shell, wanted.join(' ')] }
}

/** Shell text as it is told of: whole, for the runner makes one short line of it behind the pipe. */
const textOf = ({ shell }: Shell): string => shell.trim()

async function guards(host: Reader, p: Params): Promise<Facts> {
  const facts: Facts = {}
  const [created, unless] = await Promise.all([
    p.creates === undefined ? undefined : host.run({ argv: ['test', '-e', p.creates] }),
    p.unless === undefined ? undefined : host.run(commandOf(p.unless)),
  ])
  if (created !== undefined) {
    const { endedBy, exitCode, problem } = created
    if (endedBy !== 'exit' || (exitCode !== 0 && exitCode !== 1))
      facts.problem = problem ?? `can't look for ${p.creates}`
    else facts.created = exitCode === 0
  }
  if (unless !== undefined && p.unless !== undefined) {
    const { endedBy, exitCode, problem } = unless
    // 126 and 127: the guard itself could not be run, which says nothing about what it guards.
    if (endedBy !== 'exit' || problem !== undefined)
      facts.problem = problem ?? `the guard was ended by ${endedBy}`
    else if (exitCode === 126 || exitCode === 127)
      facts.problem = `the guard can't be run (exit ${exitCode}): ${textOf(p.unless)}`
    else facts.unless = exitCode === 0
  }
  return facts
}

function plan(p: Params, facts: Facts): Plan {
  if (facts.problem !== undefined) return { outcome: 'cannot_tell', because: facts.problem, changes: [] }
  if (facts.created === true) return { outcome: 'in_sync', because: `${p.creates} exists`, changes: [] }
  if (facts.unless === true)
    return { outcome: 'in_sync', because: `the guard holds: ${textOf(p.unless!)}`, changes: [] }
  const reasons = [
    ...(facts.created === false ? [`${p.creates} does not exist`] : []),
    ...(facts.unless === false ? [`the guard does not hold: ${textOf(p.unless!)}`] : []),
  ]
  const change: Change = { say: `run ${textOf(p.run)}`, run: runOf(p) }
  const impossible = p.changes ? 'no undo was given for this command' : undefined
  const undo =
    p.undo === undefined
      ? impossible === undefined
        ? []
        : { impossible }
      : [{ say: `run ${textOf(p.undo)}`, run: commandOf(p.undo) }]
  return {
    outcome: 'would_change',
    because: reasons.length > 0 ? reasons.join('; ') : 'runs every time',
    changes: [{ do: change, undo }],
  }
}

/** Any command, with guards that tell whether it has to run. */
export const action: Action<Params, Facts> = {
  name: 'shell',
  summary: 'Runs shell text on the host, where its guards do not say that it is done already.',
  risk: (p) => (p.changes ? 'change' : 'observe'),
  params,
  shellText: ['run', 'unless', 'undo'],
  example:
    'run: systemctl restart php8.2-fpm\nunless: systemctl is-active --quiet php8.2-fpm\nundo: systemctl stop php8.2-fpm\n',
  locks: () => [],
  inspect: guards,
  plan,
  async verify(host, p, { applied, around }): Promise<Verdict> {
    const result = applied.at(-1)
    if (result === undefined) return { verdict: 'unknown', reason: 'it did not run' }
    const { ok, observed } = judgeExit({ ...p.expect, exit: 0 }, result, around.text)
    if (!ok) return { verdict: 'failed', reason: observed }
    const after = await guards(host, p)
    if (after.problem !== undefined) return { verdict: 'unknown', reason: after.problem }
    if (after.created === false)
      return { verdict: 'failed', reason: `it ran, but ${p.creates} does not exist` }
    if (after.unless === false)
      return {
        verdict: 'failed',
        reason: `it ran, but its guard still does not hold: ${textOf(p.unless!)}`,
      }
    return {
      verdict: 'ok',
      reason: [
        observed,
        ...(after.created ? [`${p.creates} exists`] : []),
        ...(after.unless ? ['its guard holds'] : []),
      ].join(', '),
    }
  },
}
