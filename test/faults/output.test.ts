import { expect, it } from 'vitest'
import { labSuite } from '../lab/needs.ts'
import { site } from './helpers/site.ts'

const full = process.env.SITREP_FULL === '1'

/** What a step may print, and what its record must then say. */
const outputs: Record<string, { run: string; says: Record<string, unknown> }> = {
  'a byte now and then': {
    run: 'for n in $(seq 60); do printf .; sleep 0.05; done; echo',
    says: { exitCode: 0, stdout: '.'.repeat(60) },
  },
  [full ? '1 GB' : '100 MB']: {
    run: `head -c ${full ? '1G' : '100M'} /dev/zero | tr '\\0' x; echo; echo the end >&2`,
    says: { exitCode: 0, stderr: 'the end', artifact: expect.objectContaining({ cut: true }) },
  },
  'a line of 5 MB': {
    run: "head -c 5000000 /dev/zero | tr '\\0' y; echo; echo after",
    says: { exitCode: 0, artifact: expect.objectContaining({ bytes: expect.any(Number) }) },
  },
  'bytes that are no UTF-8': {
    run: "printf 'a\\377b\\200\\303\\n'",
    says: { exitCode: 0, stdout: expect.stringMatching(/^a.+b/) },
  },
  'much on stderr that nobody asked for': {
    run: "head -c 30M /dev/zero | tr '\\0' z >&2; echo fine",
    says: { exitCode: 0, stdout: 'fine' },
  },
}

labSuite(
  'what a step prints',
  (lab) => {
    for (const [name, { run, says }] of Object.entries(outputs))
      it(`fault 38: ${name}: nothing hangs, memory is bounded, the record holds what it must`, {
        timeout: 600_000,
      }, async () => {
        using here = await site(lab)
        // A bound that a console that held it all would not keep to.
        here.at.env.NODE_OPTIONS = '--max-old-space-size=160'
        here.book([{ id: 'print', timeout: '5m', with: { run: `${here.mark('print')}; ${run}` } }])
        const running = here.run()
        const exit = await running.ended
        expect({ exit, stderr: running.stderr() }).toMatchObject({ exit: 0 })
        expect(here.of('step.applied')).toEqual([expect.objectContaining(says)])
        expect(await here.ran()).toEqual(['print'])
        expect(await here.left()).toEqual([])
      })
  },
  { hosts: ['core-1'] },
)
