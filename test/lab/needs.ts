import { afterAll, beforeAll, describe, inject, it } from 'vitest'
import type { LabInfo } from './globalSetup.ts'
import { attachNow, labIsUp } from './lab.ts'
import type { Lab } from './types.ts'

/** What a suite asks of the lab. */
export interface Needs {
  /** The hosts that it changes or that must be healthy; it has them for itself while it runs. All without it. */
  hosts?: string[]
  /** `any` for a suite that is content with private SSH servers. */
  kind?: 'nspawn' | 'any'
  /** Whether the hosts start from a fresh root, about 1.5 s; true without it. */
  fresh?: boolean
}

/** Registers a suite that needs the lab; without one, a skipped suite whose name carries the reason. */
export function labSuite(name: string, fn: (lab: Lab) => void, needs: Needs = {}): void {
  const reason = whyNot(needs.kind ?? 'nspawn')
  if (reason) {
    describe.skip(`${name} (no lab: ${reason})`, () => {
      it('needs the lab', () => {})
    })
    return
  }
  const lab = attachNow()
  describe(name, () => {
    const releases: (() => void)[] = []
    beforeAll(async () => {
      // Always in the same order, so that two suites never wait for each other.
      for (const host of (needs.hosts ?? Object.keys(lab.hosts)).toSorted()) {
        releases.push(await lab.acquire(host))
        if (needs.fresh !== false) await lab.reset(host)
      }
    }, 600_000)
    afterAll(() => {
      for (const release of releases) release()
    })
    fn(lab)
  })
}

function whyNot(kind: 'nspawn' | 'any'): string | undefined {
  const info: LabInfo | undefined = inject('lab')
  if (info?.kind === 'none') return info.reason
  if (!info && !labIsUp()) return 'none is up, and this run has no global setup of it'
  const lab = attachNow()
  return kind === 'nspawn' && lab.kind !== 'nspawn' ? lab.reason : undefined
}
