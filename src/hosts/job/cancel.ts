import { endGroup, type GroupEnd } from '../group.ts'
import type { Machine } from '../machine.ts'
import { back } from './back.ts'
import { lookAt } from './look.ts'
import { groupText } from './text.ts'

/** Asks for the end of one job. */
export interface Canceller {
  /**
   * Ends the job's whole process group and looks that it is gone; asked again meanwhile, it is the same asking. A link that is
   * lost is waited for. Throws where the host can't be asked.
   */
  cancel(by: 'timeout' | 'cancel'): Promise<GroupEnd>
  /** Why the job was ended by us; undefined where it was not. */
  ending(): 'timeout' | 'cancel' | undefined
  /** What came of the last asking, once that is known; undefined where nobody asked. */
  verdict(): Promise<GroupEnd | undefined>
}

/** The canceller of a job; whether it has ended by itself is seen on the host. */
export function canceller(machine: Machine, id: string): Canceller {
  let ending: 'timeout' | 'cancel' | undefined
  let asked: Promise<GroupEnd> | undefined
  let last: Promise<GroupEnd | undefined> = Promise.resolve(undefined)
  const end = async (by: 'timeout' | 'cancel'): Promise<GroupEnd> => {
    const { marks } = await lookAt(machine, (nonce) => groupText({ nonce, id }))
    const [group, as] = (marks.get('group') ?? '').split(' ')
    if (!group) return { gone: true, detail: 'it had ended already' }
    ending ??= by
    const folder = marks.get('at')
    return endGroup(machine, {
      group: Number(group),
      ...(as ? { as } : {}),
      ...(folder === undefined ? {} : { folder }),
    })
  }
  const insist = async (by: 'timeout' | 'cancel'): Promise<GroupEnd> => {
    try {
      return await end(by)
    } catch (error) {
      // Asked over a link that went: the next one carries it.
      if (!(await back(machine))) throw error
      return end(by)
    }
  }
  return {
    ending: () => ending,
    cancel(by) {
      asked ??= insist(by).finally(() => {
        asked = undefined
      })
      last = asked.catch(() => undefined)
      return asked
    },
    verdict: () => last,
  }
}
