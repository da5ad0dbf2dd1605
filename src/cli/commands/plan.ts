import type { StepPlan } from '../../run/types.ts'
import type { CliCommand } from '../command.ts'
import { type RunbookOptions, runbookOptions } from '../options.ts'
import { inkFor, out, say } from '../output.ts'

export const command: CliCommand = {
  name: 'plan',
  register(program) {
    runbookOptions(program.command('plan'))
      .summary('inspect and print what would change; touches nothing')
      .description(
        'Inspects the hosts of a runbook and prints, for each step, what it would change and why. Nothing is changed.',
      )
      .option(
        '--exit-code',
        "exit 0 when all is in sync, 7 when something would change, 5 where it can't be told",
      )
      .addHelpText(
        'after',
        `
Examples:
  sitrep plan core-pm2 --host core-1
  sitrep plan ./runbooks/deploy.yaml --param dir=/srv/app --json`,
      )
      .action(async (runbook: string, o: RunbookOptions & { exitCode?: boolean }) => {
        const { look, unrecorded } = await import('../../compose/look.ts')
        const { asking, askedOf, interruptible } = await import('../asking.ts')
        const { groupedLines, planJson, planLines } = await import('../print/plan.ts')
        const { checkJson, checkLines } = await import('../print/matrix.ts')
        const recording = unrecorded()
        const signal = interruptible()
        const {
          runbook: name,
          hosts,
          checks,
          unreached,
        } = await look(askedOf(runbook, o), asking(), {
          steps: true,
          effects: ['observe'],
          recording,
          signal,
        })
        const clean = (line: string) => recording.pipe.text(line)
        if (o.json === true) {
          const rows = hosts.map(({ steps, ...host }) => ({ ...host, steps: steps.map(planJson) }))
          out(
            JSON.stringify(
              recording.pipe.deep({ runbook: name, hosts: rows, checks: checks.map(checkJson) }),
            ),
          )
        } else {
          const ink = inkFor(process.stdout)
          // The pipe makes text from hosts inert line by line; the colours around it are ours.
          const shown = recording.pipe.deep(hosts) as typeof hosts
          const several = hosts.filter(({ reached }) => reached).length > 1
          for (const { host, reached, reason, steps } of shown) {
            if (reached && several) continue
            out(ink('strong', reached ? host : `${host}  not reached`))
            if (reason !== undefined) out(`  ${reason}`)
            for (const step of steps) for (const line of planLines(step, ink)) out(line)
          }
          if (several) {
            const reached = shown.filter((host) => host.reached)
            out(ink('strong', reached.map(({ host }) => host).join(', ')))
            for (const line of groupedLines(
              reached.flatMap(({ steps }) => steps),
              ink,
            ))
              out(line)
          }
          if (checks.length > 0) out('checks')
          for (const line of checkLines(recording.pipe.deep(checks) as typeof checks, ink)) out(line)
          say('nothing was changed')
        }
        for (const { where, next } of unreached)
          if (next !== undefined) say(clean(`${where ?? 'host'}: ${next}`))
        process.exitCode = signal.aborted ? 130 : exitCode(hosts, unreached.length > 0, o.exitCode === true)
      })
  },
}

function exitCode(
  hosts: readonly { steps: readonly StepPlan[] }[],
  unreached: boolean,
  detailed: boolean,
): number {
  if (unreached) return 3
  if (!detailed) return 0
  const outcomes = hosts.flatMap(({ steps }) => steps.map(({ outcome }) => outcome))
  if (outcomes.includes('cannot_tell')) return 5
  // A question to a person changes nothing by itself: it is asked at every run, in sync or not.
  const only = (plan: StepPlan) =>
    plan.plan.changes.length > 0 && plan.plan.changes.every(({ do: change }) => 'ask' in change)
  const steps = hosts.flatMap(({ steps }) => steps)
  return steps.every((plan) => plan.outcome === 'in_sync' || only(plan)) ? 0 : 7
}
