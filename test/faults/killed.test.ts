import { expect, it } from 'vitest'
import { times } from '../crash/helpers/counts.ts'
import { until } from '../e2e/helpers/running.ts'
import { type Link, startProxy } from '../hosts/helpers/proxy.ts'
import { labSuite } from '../lab/needs.ts'
import { type Site, site } from './helpers/site.ts'

/** One moment of a step at which its console may die. */
interface Moment {
  /** What is set up before the console is started. */
  before?(here: Site, link: Link): void
  /** Settles when the moment has come. */
  comes(here: Site, link: Link): Promise<void>
  /** What the host has run by then. */
  ran: string[]
  /** What becomes of the link once the console is dead. */
  after?(link: Link): void
}

const forWord = (word: string) => (here: Site) =>
  until(
    () => `the step to say ${word}`,
    async () => (await here.ran()).includes(word),
  )
const open = async (here: Site) => {
  await here.open('middle')
  await here.open('end')
}
const started = (here: Site) => here.of('step.started').length > 0

const moments: Record<string, Moment> = {
  'before its start': {
    // The start is recorded, and the order to the host goes down with the link.
    before: (here, link) => link.holdOnce(() => started(here)),
    comes: (here) =>
      until(
        () => 'the record of the start',
        () => started(here),
      ),
    ran: [],
    after: (link) => link.cut(),
  },
  'after its start': { comes: forWord('begun'), ran: ['begun'] },
  'before its exit': {
    comes: async (here) => {
      await forWord('begun')(here)
      await here.open('middle')
      await forWord('ending')(here)
    },
    ran: ['begun', 'ending'],
  },
  'after its exit': {
    comes: async (here, link) => {
      await forWord('begun')(here)
      link.hold(true)
      await open(here)
      await until(
        () => 'the exit of the step',
        () => here.root('ls /home/deploy/.local/state/sitrep/jobs/*/exit 2>/dev/null || :'),
      )
    },
    ran: ['begun', 'ending'],
    after: (link) => link.cut(),
  },
}

labSuite(
  'a console that is killed in the middle of a step',
  (lab) => {
    for (const [name, moment] of Object.entries(moments))
      it(`fault 29: kill -9 ${name}: the next run tells, and runs nothing twice`, {
        timeout: 1_800_000,
      }, async () => {
        const { address, port } = lab.hosts['core-1']!
        for (let round = 0; round < times(2, 25); round++) {
          const link = await startProxy(port, address)
          try {
            using here = await site(lab, { address: '127.0.0.1', port: link.port, host_key_alias: address })
            const run = `${here.mark('begun')}; ${here.gate('middle')}; ${here.mark('ending')}; ${here.gate('end')}; echo done`
            here.book([
              { id: 'one', with: { run } },
              { id: 'two', with: { run: here.mark('two') } },
            ])
            moment.before?.(here, link)
            const running = here.run()
            await moment.comes(here, link)
            running.kill('SIGKILL')
            expect(await running.ended).toBe('SIGKILL')
            expect(here.of('step.applied')).toEqual([])
            expect(await here.ran()).toEqual(moment.ran)
            moment.after?.(link)
            link.hold(false)

            // The step may end before the next run looks, or while that follows it.
            if (round % 2 === 1) await open(here)
            const next = here.goOn('--from', 'one')
            await open(here)
            expect({ exit: await next.ended, stderr: next.stderr() }).toMatchObject({ exit: 0 })
            expect(await here.ran()).toEqual(['begun', 'ending', 'two'])
            const last = here.of('step.applied').findLast(({ step }) => step === 'one')
            expect(last).toMatchObject({ endedBy: 'exit', exitCode: 0, stdout: 'done' })
            expect(await here.leftLater()).toEqual([])
          } finally {
            await link.close()
          }
        }
      })
  },
  { hosts: ['core-1'] },
)
