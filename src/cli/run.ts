import { type Asked, type Asking, ready, run } from '../compose/headless.ts'
import { declare, type OpenIncident, open, sinks } from '../compose/incident.ts'
import type { Prepared } from '../compose/prepare.ts'
import { requireStep } from '../compose/resume.ts'
import { isEvent } from '../model/event.ts'
import { headlessApprove } from '../run/policy.ts'
import { asking, interruptible } from './asking.ts'
import { tellCheckpoint } from './checkpoint.ts'
import { tellFailure } from './failure.ts'
import { hostStatesTold } from './hostStates.ts'
import { inkFor, out, say } from './output.ts'
import { eventPrinter } from './print/events.ts'
import { progressLine } from './progress.ts'
import { tellRecording } from './recording.ts'
import { hasTerminal, terminalApproval, unlessAsking } from './terminal.ts'

/** The flags of a headless run. */
export interface RunFlags {
  yes: boolean
  targets: readonly string[]
  json: boolean
  incident?: string
  from?: string
  /** The locks of others that may be taken over. */
  takeOver?: readonly string[]
  /** How the incident is declared where none is named. */
  declare?: { title: string; severity: 'sev1' | 'sev2' | 'sev3' | 'sev4' | 'sev5' }
}

/** Runs a runbook on the command line: readable lines or the journal's events on stdout, messages on stderr. Gives the exit code. */
export async function runHeadless(asked: Asked, flags: RunFlags): Promise<number> {
  const signal = interruptible()
  const person: Asking = asking()
  // The runbook is read before an incident is declared, so that a mistake in it leaves nothing behind.
  const early = sinks()
  const first = await ready(asked, early.secrets, person)
  requireStep(first.prepared.runbook.steps, flags.from)
  const incident = await openFor(flags, first.prepared)
  let postmortem: string | undefined
  try {
    say(`incident ${incident.id}`)
    tellRecording(incident)
    const ink = inkFor(process.stdout)
    if (flags.json && incident.declared !== undefined) out(JSON.stringify(incident.declared))
    const progress = progressLine(!flags.json, incident.pipe.text)
    // The plan that is the last thing on the screen.
    let onScreen: string | undefined
    const print = eventPrinter(ink, (run) => (incident.read().runs[run]?.hosts.length ?? 0) > 1)
    incident.onRecord((record) => {
      if (flags.json) return out(JSON.stringify(record))
      unlessAsking(() => {
        progress.clear()
        const lines = print(record)
        if (lines.length === 0) return
        for (const line of lines) out(line)
        onScreen = process.stdout.isTTY && isEvent(record, 'step.planned') ? record.data.plan : undefined
      })
    })
    // The pipe knows them already; here the incident's journal names them.
    for (const { name, value } of early.secrets.entries())
      incident.secrets.register(name, early.secrets.sourceOf(name) ?? 'prompt', value)
    const shown = {
      clean: incident.pipe.deep,
      onScreen: (plan: string) => {
        const last = onScreen === plan
        // The question is the last thing then.
        onScreen = undefined
        return last
      },
    }
    const terminal =
      hasTerminal() && !flags.json ? terminalApproval(inkFor(process.stderr), shown) : undefined
    const ended = await run(first, incident, {
      approve: headlessApprove({ yes: flags.yes, targets: flags.targets }, terminal),
      asking: person,
      asksPerson: terminal !== undefined && !flags.yes,
      signal,
      progress: progress.show,
      onHostState: hostStatesTold((line) =>
        unlessAsking(() => {
          progress.clear()
          say(incident.pipe.text(line))
          onScreen = undefined
        }),
      ),
      ...(flags.from === undefined ? {} : { from: flags.from }),
      ...(flags.takeOver === undefined ? {} : { takeOver: flags.takeOver }),
    })
    for (const { where, next } of ended.unreached)
      if (next !== undefined) say(incident.pipe.text(`${where ?? 'host'}: ${next}`))
    postmortem = ended.postmortem
    return ended.exit
  } catch (error) {
    // Told here, where the secrets of the run are known.
    return tellFailure(error, incident.pipe.text)
  } finally {
    await incident.close()
    tellCheckpoint(incident)
    // The last line of all, also where both streams go to one place.
    if (!flags.json && postmortem !== undefined) out(postmortem)
  }
}

async function openFor(flags: RunFlags, { runbook }: Prepared): Promise<OpenIncident> {
  if (flags.incident !== undefined) return open(flags.incident)
  return declare(flags.declare ?? { title: runbook.title })
}
