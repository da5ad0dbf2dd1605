import * as z from 'zod'
import type { Action } from '../model/action.ts'

const params = z.strictObject({
  ask: z.string().min(1).default('Is it done?').describe('The question that a person answers'),
  instructions: z.string().optional().describe('What to do first, shown with the question'),
})

type Params = z.infer<typeof params>

/** Something that only a person can do or see; the runner asks, and without a person records that one is needed. */
export const action: Action<Params, Record<string, never>> = {
  name: 'manual',
  summary: 'Asks a person to do or to look at something.',
  risk: 'observe',
  params,
  example:
    'ask: Are you still logged in after a minute?\ninstructions: Log in at https://media.example.net with the test account.\n',
  locks: () => [],
  inspect: async () => ({}),
  plan: ({ ask, instructions }) => ({
    outcome: 'would_change',
    because: 'needs a person',
    changes: [
      {
        do: { say: ask, ask: { question: ask, ...(instructions === undefined ? {} : { instructions }) } },
        undo: [],
      },
    ],
  }),
  // The runner takes the answer itself as the verdict.
  verify: async () => ({ verdict: 'unknown', reason: 'needs a person' }),
}
