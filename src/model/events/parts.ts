// What the data of several events have in common.
import * as z from 'zod'

export const when = z.iso.datetime().describe('ISO 8601 UTC with milliseconds')
export const hash = z.string().describe('sha256, lower-case hex')
export const verdict = z.enum(['ok', 'failed', 'unknown'])
export const stepRef = { run: z.string(), step: z.string(), host: z.string() }
export const artifact = z
  .object({
    sha256: hash,
    bytes: z.number(),
    cut: z.boolean().optional().describe('it was longer than is kept; the stored text ends with how much'),
  })
  .optional()
export const unkept = z
  .string()
  .optional()
  .describe('why the whole output could not be kept beside the journal')
export const approvedBy = z.enum(['auto', 'yes', 'enter', 'typed', 'answered'])
