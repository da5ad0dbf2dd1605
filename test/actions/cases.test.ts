import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Action, Drawn } from '../../src/model/action.ts'

/**
 * One file is one case: test/cases/actions/<action>/<what it shows>.json with `{ params, facts, plan }`, and `drawn`
 * where it is not this one. `params` are as in a runbook; `plan` is the whole plan, except that a long script of ours
 * in an argv stands as `‹script›`: its own tests run it.
 */
const drawn: Drawn = { stamp: '20261120T030405Z', id: 'step' }

const zCase = z.strictObject({
  params: z.record(z.string(), z.unknown()),
  facts: z.unknown(),
  plan: z.unknown(),
  drawn: z.strictObject({ stamp: z.string(), id: z.string() }).optional(),
})

const folder = join(import.meta.dirname, '../cases/actions')

for (const name of readdirSync(folder).sort()) {
  describe(`cases of ${name}`, () => {
    for (const file of readdirSync(join(folder, name)).sort()) {
      it(file.replace(/\.json$/, '').replaceAll('-', ' '), async () => {
        const one = zCase.parse(JSON.parse(readFileSync(join(folder, name, file), 'utf8')))
        const { action } = (await import(`../../src/actions/${name}.ts`)) as { action: Action }
        const plan = action.plan(action.params.parse(one.params), one.facts, one.drawn ?? drawn)
        // As JSON, which is how it is journaled: a key that is undefined is not there.
        expect(JSON.parse(JSON.stringify(plan, withoutScripts))).toEqual(one.plan)
      })
    }
  })
}

function withoutScripts(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.length > 400 && value.startsWith('\n') ? '‹script›' : value
}
