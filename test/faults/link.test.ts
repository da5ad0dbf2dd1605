import { expect, it } from 'vitest'
import { until } from '../e2e/helpers/running.ts'
import { labSuite } from '../lab/needs.ts'
import { withFirewall } from './helpers/network.ts'
import { type Site, site } from './helpers/site.ts'

/** A step that prints a number each tenth of a second, so that some of them fall into the fault. */
const counting = 'for n in $(seq 40); do echo "line $n"; sleep 0.1; done; exit 3'

labSuite(
  'a link that breaks while a step runs',
  (lab) => {
    const lost = (here: Site) =>
      until(
        () => 'the loss of the link',
        () => here.of('host.lost').length > 0,
      )
    const address = (here: Site) => lab.hosts[here.host]!.address
    const withoutLink = async (here: Site, work: () => Promise<unknown>) => {
      await lab.link(here.host, 'down')
      await work().finally(() => lab.link(here.host, 'up'))
    }
    const faults: Record<string, (here: Site) => Promise<void>> = {
      'the cable is pulled': (here) => withoutLink(here, () => lost(here)),
      'a firewall drops all packets': (here) => withFirewall('dropped', address(here), () => lost(here)),
      'a firewall answers with RST': (here) => withFirewall('reset', address(here), () => lost(here)),
      'half open: the host forgot the connection': async (here) => {
        await withoutLink(here, () => here.root("pkill -9 -f '[s]shd: deploy'"))
        await lost(here)
      },
    }

    for (const [name, strike] of Object.entries(faults))
      it(`fault 28: ${name}: the step runs once, its output is whole, its exit code is the true one`, async () => {
        using here = await site(lab)
        here.book([{ id: 'count', with: { run: `${here.mark('count')}; ${counting}` } }])
        const running = here.run()
        await until(running.stderr, async () => (await here.ran()).length === 1)
        await strike(here)
        expect(await running.ended).toBe(1)
        expect(await here.ran()).toEqual(['count'])
        expect(here.of('host.connected').length).toBeGreaterThan(1)
        const [applied, ...more] = here.of('step.applied')
        expect(more).toEqual([])
        expect(applied).toMatchObject({ endedBy: 'exit', exitCode: 3 })
        const lines = here.printed(applied).match(/^line \d+$/gm)
        expect(lines).toEqual(Array.from({ length: 40 }, (_, n) => `line ${n + 1}`))
        expect(await here.left()).toEqual([])
      })
  },
  { hosts: ['core-1'] },
)
