import { expect, it } from 'vitest'
import { times } from '../crash/helpers/counts.ts'
import { labSuite } from '../lab/needs.ts'
import { site } from './helpers/site.ts'

labSuite(
  'two consoles at one step',
  (lab) => {
    it('fault 31: exactly one runs; the other names who, since when, and on what', {
      timeout: 900_000,
    }, async () => {
      for (let round = 0; round < times(4, 50); round++) {
        using here = await site(lab)
        using there = await site(lab)
        const run = `${here.mark('ran')}; ${here.gate('end')}`
        for (const one of [here, there]) one.book([{ id: 'only', with: { run } }])
        const both = [here, there].map((one) => ({ one, running: one.run() }))
        const ends = both.map(async ({ one, running }) => ({ one, running, exit: await running.ended }))
        const first = await Promise.race(ends)
        expect({ exit: first.exit, stderr: first.running.stderr() }).toMatchObject({ exit: 4 })
        const [skipped] = first.one.of('step.skipped')
        expect(skipped?.reason).toMatch(
          /^stopped: \S+@\S+ has step:book-\d+\/only since \S+Z, for book-\d+\/only in /,
        )
        await here.open('end')
        expect((await Promise.all(ends)).map(({ exit }) => exit).toSorted()).toEqual([0, 4])
        expect(await here.ran()).toEqual(['ran'])
        expect(await here.left()).toEqual([])
      }
    })
  },
  { hosts: ['core-1'] },
)
