// Checks, ad hoc commands and logs.
import * as z from 'zod'
import { artifact, hash, unkept, verdict, when } from './parts.ts'

export const lookEvents = {
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
      problem: z.string().optional().describe("a cause that is not the command's own exit, in words"),
      ms: z.number(),
      stdout: z.string(),
      stderr: z.string(),
      artifact,
      unkept,
    })
    .describe('an ad hoc command of a responder'),
  'log.followed': z
    .object({ host: z.string(), source: z.string() })
    .describe('a log is followed from here on'),
  'log.pinned': z
    .object({
      host: z.string(),
      source: z.string(),
      at: when.describe(
        'when the first line was written by the clock of this machine, as far as that is known',
      ),
      received: when.optional().describe('when this machine received it'),
      hostTime: when.optional().describe("the line's own time, by the clock of its host"),
      uncertaintyMs: z
        .number()
        .optional()
        .describe("how sure `at` is, where it was corrected by the host's offset"),
      lines: z.array(z.string()),
      symptom: z.string().optional().describe("the runbook's symptom that these lines show"),
    })
    .describe('log lines as evidence, by a person or because they show a symptom of the runbook'),
  'log.kept': z
    .object({
      host: z.string(),
      source: z.string(),
      file: z.string().describe("relative to the incident's folder: logs/…"),
      sha256: hash.describe('of the file as it is stored, compressed'),
      bytes: z.number().describe('of the text before compression'),
      lines: z.number(),
      from: when.describe('when its first line was received'),
      to: when,
    })
    .describe('a part of a followed log was closed, compressed, and will not change any more'),
  'log.dropped': z
    .object({ file: z.string(), reason: z.string() })
    .describe("a part of a log was removed to keep the incident's logs within their bound"),
} as const
