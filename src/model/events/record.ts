// The record itself: artifacts, exports, gaps, what was erased.
import * as z from 'zod'
import { hash } from './parts.ts'

const torn = z
  .object({ file: z.string().describe("relative to the incident's folder"), bytes: z.number() })
  .describe('an unfinished line that was set aside, and where')

export const recordEvents = {
  'artifact.added': z
    .object({
      sha256: hash.describe('of the file as it is stored, compressed'),
      bytes: z.number().describe('of the text before compression'),
      name: z.string().describe('what it is: `diff of /etc/caddy/Caddyfile`'),
      host: z.string().optional(),
      original: hash.optional().describe("of the host's own bytes, before they were made inert and redacted"),
      cut: z.boolean(),
    })
    .describe('something was kept beside the journal'),
  'recording.stopped': z
    .object({ cause: z.string(), torn: torn.optional() })
    .describe('the disk is full: no change is begun any more; what runs is recorded in the reserve'),
  'recording.resumed': z
    .object({
      gapMs: z.number().describe('how long nothing new was begun'),
      refused: z.number().describe('events that could not be recorded in that time'),
      torn: torn.optional(),
    })
    .describe('there is room again'),
  'secret.registered': z
    .object({
      name: z.string(),
      source: z.string(),
      check: z
        .string()
        .optional()
        .describe(
          "tells whether a value is this one: the id of the machine's key, and a keyed hash of the value, both cut",
        ),
    })
    .describe('a secret is known to the redactor from here on; its value is never written'),
  'export.written': z
    .object({ path: z.string(), format: z.string(), sha256: hash })
    .describe('a postmortem or an archive was written'),
  erased: z
    .object({
      event: z.string().optional().describe('the event whose salt and data were dropped'),
      files: z
        .array(z.string())
        .optional()
        .describe("files that were removed, relative to the incident's folder"),
      reason: z.string(),
    })
    .describe('what should never have been written was dropped; the chain still proves the rest'),
} as const
