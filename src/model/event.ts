import { z } from 'zod'

/** Severities, worst first. */
export const severities = ['sev1', 'sev2', 'sev3', 'sev4', 'sev5'] as const
export type Severity = (typeof severities)[number]

/** Statuses of an incident, in order (Statuspage's words). */
export const statuses = ['investigating', 'identified', 'monitoring', 'resolved', 'closed'] as const
export type Status = (typeof statuses)[number]

/** Milestones of an incident, in order. */
export const milestones = [
  'impact_started',
  'detected',
  'acknowledged',
  'identified',
  'mitigated',
  'resolved',
  'closed',
] as const
export type Milestone = (typeof milestones)[number]

const when = z.iso.datetime().describe('ISO 8601 UTC with milliseconds')
const hash = z.string().describe('sha256, lower-case hex')
const verdict = z.enum(['ok', 'failed', 'unknown'])
const stepRef = { run: z.string(), step: z.string(), host: z.string() }
const artifact = z.object({ sha256: hash, bytes: z.number() }).optional()

const undo = z
  .union([z.array(z.looseObject({ say: z.string() })), z.object({ impossible: z.string() })])
  .describe('the changes that take it back, as data, or why that is impossible')
const change = z.looseObject({ say: z.string() }).describe('a Change of src/model/action.ts')

/** The data of every event type, by type. `docs/reference/events.md` is generated from this. */
export const eventData = {
  'incident.declared': z
    .object({
      incident: z.string(),
      title: z.string(),
      severity: z.enum(severities),
      alert: z.string().optional().describe('what was given with --from'),
    })
    .describe('the first event of an incident'),
  'incident.changed': z
    .object({
      title: z.string().optional(),
      severity: z.enum(severities).optional(),
      impact: z.string().optional(),
    })
    .describe('title, severity or impact were changed; what is absent stays'),
  'status.changed': z.object({ to: z.enum(statuses) }).describe('the incident has a new status'),
  'milestone.set': z
    .object({ milestone: z.enum(milestones), at: when, cites: z.string().optional() })
    .describe('when a milestone was; the last one set counts'),
  'note.added': z
    .object({ text: z.string(), at: when, until: when.optional() })
    .describe('a note, at the time that it speaks of'),
  'note.corrected': z
    .object({ corrects: z.string(), text: z.string() })
    .describe('replaces the text of a note'),
  'responder.joined': z.object({ name: z.string() }).describe('a person opened the incident in a console'),
  'responder.left': z.object({ name: z.string() }).describe('a person closed it'),
  'role.set': z.object({ role: z.string(), name: z.string() }).describe('who has a role'),
  'followup.added': z
    .object({ text: z.string(), owner: z.string().optional() })
    .describe('something to be done after the incident'),
  'followup.changed': z
    .object({
      followup: z.string(),
      text: z.string().optional(),
      done: z.boolean().optional(),
    })
    .describe('a follow-up was reworded or done'),
  'host.connected': z
    .object({
      host: z.string(),
      address: z.string(),
      user: z.string(),
      transport: z.string(),
      fingerprint: z.string().optional(),
      ms: z.number().optional(),
    })
    .describe('a session to a host was opened'),
  'host.stale': z.object({ host: z.string(), since: when }).describe('a host has not answered for a while'),
  'host.lost': z.object({ host: z.string(), reason: z.string() }).describe('the link to a host is gone'),
  'host.refused': z
    .object({
      host: z.string(),
      phase: z.string(),
      reason: z.string(),
      fingerprints: z.array(z.string()).optional(),
    })
    .describe(
      'a host could not be reached, or its identity or our authentication was refused; phase says where',
    ),
  'host.clock': z
    .object({ host: z.string(), offsetMs: z.number(), uncertaintyMs: z.number() })
    .describe("how far a host's clock is from ours"),
  'runbook.opened': z
    .object({
      run: z.string(),
      runbook: z.string(),
      title: z.string(),
      file: z.string(),
      sha256: hash,
      hosts: z.array(z.string()),
      params: z.record(z.string(), z.string()).describe('secret parameters as their mark'),
      steps: z.array(z.object({ id: z.string(), title: z.string(), uses: z.string() })),
      checks: z
        .array(z.object({ id: z.string(), title: z.string(), kind: z.string(), hosts: z.array(z.string()) }))
        .optional()
        .describe('what the runbook wants looked at; absent in older records'),
      from: z.string().optional().describe('the step that --from named'),
    })
    .describe('a run of a runbook begins; later events name it by run'),
  'secret.registered': z
    .object({ name: z.string(), source: z.string() })
    .describe('a secret is known to the redactor from here on; its value is never written'),
  'step.planned': z
    .object({
      ...stepRef,
      title: z.string(),
      uses: z.string(),
      outcome: z.string().describe('in_sync, would_change, cannot_tell or after_step:ID'),
      because: z.string(),
      changes: z.array(z.object({ do: change, undo })),
      evidence: z.array(z.string()).optional(),
      plan: hash.describe('of the canonical plan'),
    })
    .describe('what a step would do on one host, and why'),
  'step.approved': z
    .object({
      ...stepRef,
      plan: hash,
      how: z.enum(['auto', 'yes', 'enter', 'typed', 'answered']),
    })
    .describe('this plan was approved; how says by what'),
  'step.skipped': z.object({ ...stepRef, reason: z.string() }).describe('a step does not run, and why'),
  'step.started': z
    .object({
      ...stepRef,
      change: z.number().describe('index of the change in the plan; -1 for an undo'),
      of: z.number(),
      say: z.string(),
      command: z.string().optional().describe('as a person would type it'),
      undo,
      undoHash: hash.describe(
        'of the canonical undo before redaction; an undo that does not match is not carried out',
      ),
    })
    .describe("its id is the job's id on the host; written before the change is carried out"),
  'step.applied': z
    .object({
      ...stepRef,
      started: z.string().describe('the id of its step.started'),
      endedBy: z.string(),
      exitCode: z.number().optional(),
      signal: z.string().optional(),
      problem: z.string().optional(),
      ms: z.number(),
      stdout: z.string().describe('the first lines; all of it in the artifact'),
      stderr: z.string(),
      artifact,
      after: z
        .record(z.string(), z.string())
        .optional()
        .describe('sha256 of each file that the change left, for undo'),
    })
    .describe('how a started change ended; written before its folder on the host is removed'),
  'step.verified': z
    .object({
      ...stepRef,
      verdict,
      reason: z.string(),
      ms: z.number(),
      evidence: z.array(z.string()).optional(),
    })
    .describe('whether the step holds after its changes; also for one that had nothing to change'),
  'undo.approved': z
    .object({
      ...stepRef,
      how: z.enum(['auto', 'yes', 'enter', 'typed', 'answered']),
      because: z.string().optional().describe('why it was asked beside the undo as a whole'),
    })
    .describe('the undo of a step was approved; how says by what'),
  'undo.refused': z
    .object({ ...stepRef, reason: z.string() })
    .describe('the undo of a step was not approved, and nothing is taken back'),
  'step.undone': z
    .object({ ...stepRef, started: z.string(), verdict, reason: z.string() })
    .describe('a started change was taken back, or could not be'),
  'step.cancelled': z
    .object({ ...stepRef, gone: z.boolean(), detail: z.string() })
    .describe('a step was cancelled; gone says whether its whole process group is'),
  'step.unknown': z
    .object({ ...stepRef, reason: z.string() })
    .describe('what became of a step can not be known; it is never repeated by itself'),
  'step.answered': z
    .object({ ...stepRef, answer: z.string() })
    .describe('what a person said to a manual step'),
  'lock.taken': z
    .object({ host: z.string(), resource: z.string() })
    .describe('a resource of a host is locked for a step'),
  'lock.released': z.object({ host: z.string(), resource: z.string() }).describe('the lock is free again'),
  'lock.taken_over': z
    .object({ host: z.string(), resource: z.string(), lock: z.string() })
    .describe('a lock of another holder was taken over'),
  'check.observed': z
    .object({
      run: z.string().optional(),
      check: z.string(),
      title: z.string(),
      host: z.string(),
      kind: z.string(),
      phase: z.enum(['before', 'after', 'watch', 'once']),
      verdict,
      expected: z.string(),
      observed: z.string(),
      ms: z.number(),
      evidence: z.string().optional(),
    })
    .describe('one look of one check on one host; before and after fill the matrix'),
  'probes.decided': z
    .object({
      run: z.string(),
      checks: z.array(z.string()),
      decided: z.enum(['run', 'left_out', 'stop']),
      how: z.string().optional(),
      reason: z.string().optional(),
    })
    .describe('what a person (or --yes) said to the checks with effects'),
  'command.started': z
    .object({ host: z.string(), command: z.string() })
    .describe("an ad hoc command is about to run; its id is the job's id on the host"),
  'command.ran': z
    .object({
      started: z.string().optional().describe('the id of its command.started'),
      host: z.string(),
      command: z.string(),
      endedBy: z.string(),
      exitCode: z.number().optional(),
      ms: z.number(),
      stdout: z.string(),
      stderr: z.string(),
      artifact,
    })
    .describe('an ad hoc command of a responder'),
  'log.followed': z
    .object({ host: z.string(), source: z.string() })
    .describe('a log is followed from here on'),
  'log.pinned': z
    .object({
      host: z.string(),
      source: z.string(),
      at: when,
      lines: z.array(z.string()),
      symptom: z.string().optional().describe("the runbook's symptom that these lines show"),
    })
    .describe('log lines as evidence, by a person or because they show a symptom of the runbook'),
  'artifact.added': z
    .object({
      sha256: hash,
      bytes: z.number(),
      name: z.string(),
      original: hash.optional(),
      cut: z.boolean(),
    })
    .describe('something was kept beside the journal'),
  'revert.armed': z
    .object({ ...stepRef, after: z.number() })
    .describe('a host will take a change back by itself unless it is confirmed'),
  'revert.confirmed': z.object({ ...stepRef }).describe('the change stays'),
  'revert.fired': z.object({ ...stepRef, detail: z.string() }).describe('the host took the change back'),
  'recording.stopped': z.object({ cause: z.string() }).describe('the record could not be written any more'),
  'recording.resumed': z.object({ gapMs: z.number() }).describe('it can be written again'),
  'export.written': z
    .object({ path: z.string(), format: z.string(), sha256: hash })
    .describe('a postmortem was written'),
  'run.finished': z
    .object({
      run: z.string(),
      incident: z.string(),
      exit: z.number(),
      postmortem: z.string().optional(),
      summary: z.string().optional(),
    })
    .describe('the run is over, with its exit code'),
  erased: z
    .object({ event: z.string(), reason: z.string() })
    .describe('the data of an event was dropped; the chain still proves the rest'),
} as const

export type EventType = keyof typeof eventData
export type EventData<T extends EventType> = z.infer<(typeof eventData)[T]>

/** One journal record as it stands in the file (protocol.md, "Journal record"). */
export interface EventRecord<T extends string = string, D = unknown> {
  v: 1
  /** UUIDv7. */
  id: string
  /** ISO 8601 UTC with milliseconds. */
  at: string
  /** Hybrid logical clock: `0001763668800123-0004`, which sorts as text. */
  hlc: string
  /** `ana@laptop`. */
  by: string
  writer: string
  seq: number
  type: T
  /** Absent where the event was erased. */
  data?: D
  salt?: string
  dataHash: string
  prev: string
  hash: string
}

/** A known event, typed by its `type`. */
export type SitrepEvent = { [T in EventType]: EventRecord<T, EventData<T>> }[EventType]

/** Narrows a record to a known type with its data; false for an unknown type or an erased one. */
export function isEvent<T extends EventType>(
  record: EventRecord,
  type: T,
): record is EventRecord<T, EventData<T>> & { data: EventData<T> } {
  return record.type === type && record.data !== undefined
}

/** Appends one event; resolves when it is on disk. */
export type Append = <T extends EventType>(
  type: T,
  data: EventData<T>,
) => Promise<EventRecord<T, EventData<T>>>
