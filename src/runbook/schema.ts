import * as z from 'zod'
import { zDuration } from '../model/schema.ts'

/** Names of steps, checks, parameters and what `register` keeps; they stand in templates and on command lines. */
export const nameForm = z
  .string({ error: 'expected a name' })
  .regex(
    /^[A-Za-z0-9][\w-]{0,63}$/,
    'a name has letters, digits, - and _ only, and begins with a letter or digit',
  )

/** Names of hosts and groups. */
const hostNameForm = z
  .string({ error: 'expected the name of a host or group' })
  .regex(/^[A-Za-z0-9][\w.-]{0,252}$/, 'not a name of a host or group')

const title = z.string().trim().min(1).max(200)
const oneOrMore = <T extends z.ZodType>(item: T) =>
  z.union([item.transform((one) => [one]), z.array(item).min(1)])
/** Where something runs. */
export const hostsForm = oneOrMore(hostNameForm).describe('A host, a group, or a list of them')
const as = z.string().min(1).describe('The user to run as, by sudo')
const scalar = z.union([z.string(), z.number(), z.boolean()])
const within = zDuration.describe('How long to try until it is ok')

/** The keys of a step as the file has them; a key of this version's runner that is missing here does not exist. */
export const stepForm = z.strictObject({
  id: nameForm,
  title,
  uses: z.string().describe('The action'),
  with: z.record(z.string(), z.unknown()).nullish().describe("The action's parameters"),
  hosts: hostsForm.optional(),
  as: as.optional(),
  timeout: zDuration.optional().describe('The longest time that one command may take'),
  within: within.optional(),
  settle: zDuration.optional().describe('How long ok must hold'),
  confirm: z.enum(['auto', 'ask', 'typed']).optional().describe('How the step is approved'),
  on_fail: z.enum(['stop', 'ask', 'undo']).optional(),
  rerun: z.enum(['safe', 'unsafe']).optional(),
  serial: z
    .union([
      z.int().min(1),
      z.string().regex(/^(100|[1-9]\d?)%$/, 'expected a number or a percentage such as "25%"'),
    ])
    .optional()
    .describe('How many hosts at a time: a number or a percentage'),
  max_failures: z.int().min(0).optional(),
  revert_after: zDuration
    .optional()
    .describe('The host takes the step back by itself after this time unless it was verified'),
  if: z.string().optional().describe('A verdict: `steps.ID ok`, `checks.ID failed`'),
  register: nameForm.optional().describe('A name for the output'),
  public: z.array(z.string()).optional().describe('Keys whose values may be shown'),
  secret: z.array(z.string()).optional().describe('Keys whose values are secret'),
})

/** One parameter: its description in full, or its default alone. */
export const paramForm = z.union([
  z.strictObject({
    type: z.enum(['string', 'number', 'boolean', 'list']).optional(),
    required: z.boolean().optional(),
    default: z.union([scalar, z.array(scalar)]).optional(),
    description: z.string().optional(),
    pattern: z.string().optional().describe('A regular expression that the whole value must match'),
    secret: z.boolean().optional(),
    from: z
      .string()
      .regex(/^(env:[A-Za-z_]\w*|file:.+|prompt)$/, 'expected env:NAME, file:PATH or prompt')
      .optional(),
  }),
  scalar.transform((value) => ({ default: value })),
  z.array(scalar).transform((value) => ({ default: value })),
])

/** Keys of a check beside the one that names its kind. */
const checkShape = {
  id: nameForm,
  title: title.optional(),
  hosts: hostsForm.optional(),
  as: as.optional(),
  within: within.optional(),
}

/** The keys that may stand in a check beside its kind. */
export const checkKeys: readonly string[] = Object.keys(checkShape)

/** The whole file, with the kinds of checks and log sources that exist; their own parameters are checked apart. */
export function runbookForm(checkKinds: readonly string[], logKinds: readonly string[]) {
  const optional = (kinds: readonly string[], type: z.ZodType) =>
    Object.fromEntries(kinds.map((kind) => [kind, type.optional()]))
  return z.strictObject({
    runbook: nameForm.describe('The name of the runbook'),
    title,
    description: z.string().optional(),
    symptoms: oneOrMore(z.string().min(4))
      .optional()
      .describe('Texts that suggest this runbook when one of them is seen'),
    params: z.record(nameForm, paramForm).nullish(),
    vars: z.record(nameForm, scalar).nullish(),
    hosts: hostsForm.optional(),
    logs: z
      .array(
        z.union([
          z.strictObject({ hosts: hostsForm.optional(), as: as.optional(), ...optional(logKinds, scalar) }),
          z.string().regex(/^[a-z]+:./, 'expected KIND: NAME'),
        ]),
      )
      .nullish(),
    checks: z.array(z.strictObject({ ...checkShape, ...optional(checkKinds, z.unknown()) })).nullish(),
    steps: z.array(stepForm).min(1),
  })
}

export type RunbookFile = z.output<ReturnType<typeof runbookForm>>
export type StepFile = z.output<typeof stepForm>
export type ParamFile = z.output<typeof paramForm>
