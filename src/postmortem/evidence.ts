import type { Incident } from '../model/incident.ts'
import { sayEnd } from '../model/reduce/words.ts'

/** One thing that was run or looked at, with what came out: an entry of the appendix, which the timeline points to. */
export interface Evidence {
  number: number
  /** The event whose row points to it. */
  event: string
  at: string
  title: string
  host: string
  command?: string
  result: string
  outputs: { name: string; text: string }[]
  /** What is kept of the whole output beside the journal; `cut` where that is not all of it. */
  artifact?: { sha256: string; cut?: boolean | undefined }
  /** Why the whole output could not be kept. */
  unkept?: string
}

/** Everything with an output, in order of time; numbered from 1. */
export function evidenceOf(incident: Incident): Evidence[] {
  const found = [...ofSteps(incident), ...ofCommands(incident), ...ofChecks(incident), ...ofPins(incident)]
  return found
    .sort((a, b) => compare(a.at, b.at) || compare(a.event, b.event) || compare(a.title, b.title))
    .map((entry, index) => ({ ...entry, number: index + 1 }))
}

type Entry = Omit<Evidence, 'number'>

const outputs = (o: { stdout: string; stderr: string }) =>
  [
    { name: 'stdout', text: o.stdout },
    { name: 'stderr', text: o.stderr },
  ].filter(({ text }) => text.trim() !== '')

function ofSteps({ steps }: Incident): Entry[] {
  return Object.values(steps).flatMap((step) =>
    step.changes.map((change) => ({
      event: change.started,
      at: change.at,
      title: `${step.title}: ${change.say}`,
      host: step.host,
      ...(change.command === undefined ? {} : { command: change.command }),
      result: change.applied ? sayEnd(change.applied) : 'no result was recorded',
      outputs: change.applied ? outputs(change.applied) : [],
      ...(change.applied?.artifact ? { artifact: change.applied.artifact } : {}),
      ...(change.applied?.unkept === undefined ? {} : { unkept: change.applied.unkept }),
    })),
  )
}

function ofCommands({ commands }: Incident): Entry[] {
  return commands.map((ran) => ({
    event: ran.event,
    at: ran.at,
    title: 'Command',
    host: ran.host,
    command: ran.command,
    result: sayEnd(ran),
    outputs: outputs(ran),
    ...(ran.artifact ? { artifact: ran.artifact } : {}),
    ...(ran.unkept === undefined ? {} : { unkept: ran.unkept }),
  }))
}

function ofChecks({ checks }: Incident): Entry[] {
  return Object.values(checks).flatMap((check) =>
    (['before', 'after'] as const).flatMap((phase) => {
      const look = check[phase]
      if (!look?.evidence) return []
      return [
        {
          event: look.event ?? '',
          at: look.at,
          title: `Check ${phase}: ${check.title}`,
          host: check.host,
          result: `${look.verdict}: ${look.observed} (expected ${look.expected})`,
          outputs: [{ name: 'answer', text: look.evidence }],
        },
      ]
    }),
  )
}

function ofPins({ pins }: Incident): Entry[] {
  return pins.map((pin) => ({
    event: pin.event,
    at: pin.at,
    title: `Log ${pin.source}`,
    host: pin.host,
    result: `pinned by ${pin.by}`,
    outputs: [{ name: 'lines', text: pin.lines.join('\n') }],
  }))
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}
