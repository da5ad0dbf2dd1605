// Runs of runbooks, and their steps.
import * as z from 'zod'
import { approvedBy, artifact, hash, stepRef, unkept, verdict } from './parts.ts'

const undo = z
  .union([z.array(z.looseObject({ say: z.string() })), z.object({ impossible: z.string() })])
  .describe('the changes that take it back, as data, or why that is impossible')
const change = z.looseObject({ say: z.string() }).describe('a Change of src/model/action.ts')

export const stepEvents = {
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
      unkept: z
        .string()
        .optional()
        .describe('why a diff or a file that it rests on could not be kept beside the journal'),
    })
    .describe('what a step would do on one host, and why'),
  'step.approved': z
    .object({
      ...stepRef,
      plan: hash,
      how: approvedBy,
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
      began: z
        .enum(['no', 'perhaps'])
        .optional()
        .describe('no: its command surely never ran; perhaps: the link was lost before the host said'),
      ms: z.number(),
      stdout: z.string().describe('the first lines; all of it in the artifact'),
      stderr: z.string(),
      artifact,
      unkept,
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
      how: approvedBy,
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
  'revert.armed': z
    .object({
      ...stepRef,
      revert: z.string().describe('the id of its folder on the host; journaled before it is armed there'),
      after: z.number().describe('seconds until the host takes the step back'),
      as: z.string().optional().describe('the user that it is armed as; the login user where absent'),
      undo,
    })
    .describe('a host is about to be told to take a step back by itself unless it is confirmed'),
  'revert.refused': z
    .object({ ...stepRef, revert: z.string(), reason: z.string() })
    .describe('the revert could not be armed, so the step was not begun'),
  'revert.confirmed': z
    .object({ ...stepRef, revert: z.string(), reason: z.string() })
    .describe('the host will not take the step back: it holds, or it was undone'),
  'revert.fired': z
    .object({
      ...stepRef,
      revert: z.string(),
      verdict,
      detail: z.string(),
      when: z.string().optional().describe('when it did, by the clock of the host'),
    })
    .describe(
      'the host took the step back by itself; the verdict says whether what was there before is there again',
    ),
  'run.finished': z
    .object({
      run: z.string(),
      incident: z.string(),
      exit: z.number(),
      postmortem: z.string().optional(),
      summary: z.string().optional(),
    })
    .describe('the run is over, with its exit code'),
} as const
