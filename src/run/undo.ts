import type { Change } from '../model/action.ts'
import { applyChanges, type Started, whyBad } from './apply.ts'
import { readerAs } from './as.ts'
import type { RunContext } from './context.ts'
import { armedWords, endMissing, fireRevert } from './revert/end.ts'
import { revertOf } from './revert/ref.ts'

/** How an undo ended. */
export interface UndoEnd {
  verdict: 'ok' | 'failed' | 'unknown'
  code: number
  reason: string
}

/**
 * Takes back what was started, newest first. The host is compared with the state that the step left: a file that
 * somebody changed since is shown, and left alone unless a responder agrees. Where a revert waits on the host, the host
 * does it at once instead: beside the revert, whose time may be over meanwhile, it could be done twice.
 *
 * Example: a step replaced a Caddyfile (its undo: put the backup back, reload) and reloaded (its undo: nothing).
 * Undo runs the reload's pair first (nothing to do), then puts the backup back and reloads.
 */
export async function undoStarted(
  context: RunContext,
  unit: { step: string; host: string; title?: string },
  started: readonly Started[],
): Promise<UndoEnd> {
  const ref = { run: context.run, step: unit.step, host: unit.host }
  const revert = revertOf(started)
  if (revert === undefined) return undoAll(context, unit, started)
  context.progress({ step: unit.step, host: unit.host, doing: 'the host takes it back' })
  const found = await fireRevert(context, ref, revert)
  if (found.is === 'fired')
    return { verdict: found.verdict, code: found.verdict === 'ok' ? 0 : 1, reason: found.reason }
  if (found.is === 'armed' || found.is === 'unknown')
    return { verdict: 'unknown', code: 5, reason: `not undone from here: ${armedWords(found)}` }
  const end = await undoAll(context, unit, started)
  if (end.verdict === 'ok' && found.is === 'missing') await endMissing(context, ref, revert)
  return end
}

async function undoAll(
  context: RunContext,
  unit: { step: string; host: string; title?: string },
  started: readonly Started[],
): Promise<UndoEnd> {
  const ref = { run: context.run, step: unit.step, host: unit.host }
  for (const pair of started.toReversed()) {
    if (!Array.isArray(pair.undo)) {
      const reason = `can't be undone: ${pair.undo.impossible}`
      await context.append('step.undone', { ...ref, started: pair.id, verdict: 'failed', reason })
      return { verdict: 'failed', code: 1, reason }
    }
    const changes: Change[] = []
    const files: Ready['is'][] = []
    for (const change of pair.undo) {
      const ready = await compare(context, unit, change, pair)
      if (ready.is === 'refused') {
        await context.append('step.undone', {
          ...ref,
          started: pair.id,
          verdict: 'failed',
          reason: ready.reason,
        })
        return { verdict: 'failed', code: ready.code, reason: ready.reason }
      }
      if (ready.is === 'change') changes.push(ready.change)
      if ('put' in change || 'remove' in change) files.push(ready.is)
    }
    // Where no file was ever replaced, what would follow its return (a reload) is no undo: it would change what is live.
    if (files.length > 0 && files.every((is) => is === 'untouched')) changes.length = 0
    const pairs = changes.map((change) => ({ do: change, undo: { impossible: 'this is itself an undo' } }))
    const applied = await applyChanges(context, { ...unit, timeoutMs: 60_000 }, pairs, { undoing: true })
    if (applied.bad !== undefined) {
      const verdict = applied.bad.endedBy === 'lost' ? 'unknown' : 'failed'
      const reason = `undo did not end well: ${whyBad(applied.bad, context.text)}`
      await context.append('step.undone', { ...ref, started: pair.id, verdict, reason })
      return { verdict, code: verdict === 'unknown' ? 5 : 1, reason }
    }
    const reason = changes.length === 0 ? 'nothing to take back' : changes.map(({ say }) => say).join('; ')
    await context.append('step.undone', { ...ref, started: pair.id, verdict: 'ok', reason })
  }
  return { verdict: 'ok', code: 0, reason: 'what it had changed was taken back' }
}

type Ready =
  | { is: 'change'; change: Change }
  /** It is back already. */
  | { is: 'nothing' }
  /** The step never came so far as to replace it. */
  | { is: 'untouched' }
  | { is: 'refused'; code: 1 | 4; reason: string }

async function compare(
  context: RunContext,
  unit: { step: string; host: string; title?: string },
  change: Change,
  pair: Started,
): Promise<Ready> {
  if (!('put' in change || 'remove' in change)) return { is: 'change', change }
  const path = 'put' in change ? change.put.path : change.remove.path
  const planned = 'put' in change ? change.put.expect : change.remove.expect
  const left = pair.after?.[path] ?? planned
  const reader = readerAs(await context.session(unit.host), change.as)
  const found = await shaOf(reader, path)
  if (found === undefined) {
    const reason = `can't read ${path} to compare it before the undo; look at it on the host, then undo again`
    return { is: 'refused', code: 1, reason }
  }
  const former = 'put' in change ? restored(change.put.content) : 'absent'
  if (found === former)
    return { is: pair.after?.[path] === undefined && pair.tried !== true ? 'untouched' : 'nothing' }
  const expecting = (sha: string): Change =>
    'put' in change
      ? { ...change, put: { ...change.put, expect: sha } }
      : { ...change, remove: { ...change.remove, expect: sha } }
  if (found === left) return { is: 'change', change: expecting(found) }
  const because = `${path} is not as the step left it (sha256 ${short(left)}, now ${short(found)})`
  const plan = {
    outcome: 'would_change' as const,
    because,
    changes: [{ do: expecting(found), undo: { impossible: 'this is itself an undo' } }],
  }
  const decision = await context.approve(
    {
      id: crypto.randomUUID(),
      plan: {
        run: context.run,
        step: unit.step,
        host: unit.host,
        title: `Undo ${unit.title ?? unit.step}`,
        uses: 'undo',
        outcome: 'would_change',
        because,
        plan,
        hash: '',
        risk: 'change',
      },
      confirm: 'ask',
      changed: true,
    },
    context.signal,
  )
  // `--yes` is a consent to the runbook, not to overwriting what somebody else did since.
  if (decision.answer !== 'run' || decision.how === 'yes') return { is: 'refused', code: 4, reason: because }
  await context.append('undo.approved', {
    run: context.run,
    step: unit.step,
    host: unit.host,
    how: decision.how,
    because,
  })
  return { is: 'change', change: expecting(found) }
}

function restored(content: { copy?: string; sha256?: string } | object): string | undefined {
  return 'sha256' in content && typeof content.sha256 === 'string' ? content.sha256 : undefined
}

/** sha256 of a file, or `absent`; undefined where it can't be read. */
async function shaOf(reader: ReturnType<typeof readerAs>, path: string): Promise<string | undefined> {
  const result = await reader.run({ argv: ['sha256sum', '--', path] })
  const sha = /^\\?([0-9a-f]{64}) /.exec(new TextDecoder().decode(result.stdout.bytes))?.[1]
  if (sha !== undefined) return sha
  const exists = await reader.run({ argv: ['test', '-e', path] })
  if (exists.exitCode === 1 && exists.endedBy === 'exit') return 'absent'
  return undefined
}

function short(sha: string): string {
  return sha.length === 64 ? `${sha.slice(0, 12)}…` : sha
}
