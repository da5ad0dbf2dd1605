import { createHash } from 'node:crypto'
import type { PlannedChange } from '../../model/action.ts'
import type { RevertRef } from '../../model/incident.ts'
import { type Started, wentWell, whyBad } from '../apply.ts'
import { runJob } from '../carry/job.ts'
import type { RunContext, Unit } from '../context.ts'
import { endFailed, endUnknown, type UnitEnd } from '../end.ts'
import type { Inspected } from '../inspect.ts'
import { armText, jobsFolderText } from './armText.ts'
import { revertText, whyNotArmed } from './body.ts'
import { counting } from './countdown.ts'
import { lookAtRevert } from './end.ts'
import { order } from './orders.ts'
import { revertOf } from './ref.ts'

/** A revert that waits on the host of a step; told of every change before it begins and when its result is recorded. */
export interface Armed {
  ref: RevertRef
  /** The context of the run, its progress with the time that is left. */
  context: RunContext
  /** Why the change may not begin: the revert has fired, or can't be told. The index counts those of an earlier run too. */
  begin(index: number, job: string): Promise<string | undefined>
  /** False where the host could not be told: the job's folder then has to stay, for it says that the job began. */
  ended(job: string): Promise<boolean>
  stop(): void
}

/**
 * Arms the revert of a step that says `revert_after`, as the user of the step, before anything of it begins; undefined
 * where it does not say so. It is journaled before the host hears of it. Where it can't be armed, the step is not begun.
 */
export async function armFor(
  running: RunContext,
  unit: Unit,
  { shown, as }: Inspected,
  earlier: readonly Started[],
): Promise<Armed | UnitEnd | undefined> {
  const { step, host } = unit
  const ref = { run: running.run, step: step.id, host }
  const before = revertOf([...(unit.left?.started ?? []), ...earlier])
  if (before !== undefined) {
    const end = await lookAtRevert(running, { ...ref, run: unit.left?.run ?? ref.run }, before)
    if (end.is === 'missing') return endUnknown(running, ref, `an earlier run armed a revert: ${end.reason}`)
    if (end.is === 'armed' || end.is === 'unknown') {
      const reason = `an earlier run left its revert armed: ${end.reason}; go on when that is over`
      return endUnknown(running, ref, reason)
    }
    if (end.is === 'fired') return endFailed(running, ref, `${end.reason}; plan it anew`)
  }
  const after = step.revertAfter
  if (after === undefined) return undefined
  const undos = [...earlier.map(({ undo }) => undo), ...shown.plan.changes.map(({ undo }) => undo)]
  const revert: RevertRef = { id: crypto.randomUUID(), ...(as === undefined ? {} : { as }) }
  const impossible = whyNotArmed(undos, as)
  if (impossible !== undefined) return endFailed(running, ref, `its revert can't be armed: ${impossible}`)
  const named = { ...ref, revert: revert.id }
  const undo = undos.flatMap((one) => (Array.isArray(one) ? one : []))
  await running.append('revert.armed', { ...named, after, ...(as === undefined ? {} : { as }), undo })
  running.progress({ step: step.id, host, doing: 'arming the revert' })
  const begun = earlier.map(({ id }, index) => `begun ${index} ${id}\nended ${id}\n`).join('')
  const until = running.now().getTime() + after * 1000
  const refused = await arm(running, host, revert, { undos, as, after, begun })
  if (refused !== undefined) {
    // What is not known to be unarmed is looked at on the next connection; nothing was begun that it could take back.
    if (!refused.lost) await running.append('revert.refused', { ...named, reason: refused.reason })
    return endFailed(running, ref, `its revert could not be armed: ${refused.reason}; nothing was changed`)
  }
  return armed(running, host, revert, { until, offset: earlier.length })
}

async function arm(
  context: RunContext,
  name: string,
  { id, as }: RevertRef,
  o: { undos: readonly PlannedChange['undo'][]; as: string | undefined; after: number; begun: string },
): Promise<{ reason: string; lost: boolean } | undefined> {
  const session = await context.session(name)
  const place = await session.run(
    { argv: ['sh', '-c', jobsFolderText] },
    { signal: context.signal, timeoutMs: 30_000 },
  )
  if (!wentWell(place)) return { reason: whyBad(place, context.text), lost: false }
  const said = new TextDecoder().decode(place.stdout.bytes)
  const [, uid = '', gid = '', user = '', jobs = ''] = /^(\d+)\n(\d+)\n(.+)\n([\s\S]+)$/.exec(said) ?? []
  if (jobs === '') return { reason: 'the host does not say who logs in', lost: false }
  const text = revertText({ undos: o.undos, as: o.as, host: context.host(name) })
  const sha256 = createHash('sha256').update(text).digest('hex')
  const seconds = String(Math.ceil(o.after))
  const command = {
    argv: ['sh', '-c', armText, 'sh', id, seconds, jobs, sha256, o.begun, uid, gid, user],
    shown: `sitrep: arm a revert after ${seconds} s`,
    stdin: text,
    timeoutMs: 60_000,
    ...(as === undefined ? {} : { as }),
  }
  const result = await runJob(session, id, command, {
    signal: context.signal,
    // Its result is told by the event that follows, which is written before the step begins.
    journaled: async () => undefined,
  })
  if (wentWell(result)) return undefined
  const reason = whyBad(result, context.text).replace(/^exit \d+: (?:sitrep: )?/, '')
  return { reason, lost: result.endedBy === 'lost' }
}

function armed(
  running: RunContext,
  host: string,
  ref: RevertRef,
  o: { until: number; offset: number },
): Armed {
  const { context, stop } = counting(running, o.until)
  const session = () => running.session(host)
  return {
    ref,
    context,
    stop,
    async begin(index, job) {
      const state = await order(session, ref, ['begin', String(o.offset + index), job], running.text)
      if (state.is === 'armed') return undefined
      return state.is === 'unknown'
        ? `its revert can't be told of it: ${state.reason}`
        : 'the time of its revert is over'
    },
    async ended(job) {
      return (await order(session, ref, ['ended', job], running.text)).is !== 'unknown'
    },
  }
}
