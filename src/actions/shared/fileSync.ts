import * as z from 'zod'
import type { Around, Change, FileChange, Plan } from '../../model/action.ts'
import type { Command, Reader } from '../../model/command.ts'
import { zMode, zPath } from '../../model/schema.ts'
import { backupPath } from './backup.ts'
import { diffLimit, type ShownDiff, showDiff } from './diff.ts'
import { type FileFacts, lookAt, type PathFacts } from './files.ts'
import { shortSha } from './result.ts'
import {
  givenSource,
  hostSource,
  notReadable,
  type Source,
  type SourceFacts,
  sourceLabel,
  zSource,
} from './source.ts'

const zName = z.string().regex(/^(?!-)[\w.$@-]+$|^\d+$/, 'expected a user or group name, or a number')

/** The parameters that say which file is to be what; shared by every action that syncs one file. */
export const zFile = {
  source: zSource.describe('a path on the host, { local: PATH } on your machine, or { text: … }'),
  path: zPath.describe('the file to replace; a symbolic link stays, its target is replaced'),
  mode: zMode.optional().describe("kept from the former file where absent; '0644' for a new one"),
  owner: zName.optional().describe('kept where absent'),
  group: zName.optional().describe('kept where absent'),
}

/** What a sync asks for. */
export interface FileWish {
  source: Source
  path: string
  mode?: string | undefined
  owner?: string | undefined
  group?: string | undefined
}

/** Both sides of a sync as they were found; the diff is made while their bytes are at hand, which no fact keeps. */
export interface SyncFacts {
  source: SourceFacts
  target: PathFacts
  diff?: ShownDiff
}

/** Looks at both sides in one round trip, and compares them. */
export async function inspectSync(host: Reader, wish: FileWish, around: Around): Promise<SyncFacts> {
  const onHost = typeof wish.source === 'string' ? [wish.source] : []
  const [target, found] = await lookAt(host, [wish.path, ...onHost], {
    text: around.text,
    contentUpTo: diffLimit,
  })
  for (const [path, look] of [[wish.path, target], ...onHost.map((path) => [path, found] as const)] as const)
    if (look?.bytes !== undefined) around.fetched?.(path, look.bytes)
  const given = typeof wish.source === 'string' ? undefined : await givenSource(wish.source, around)
  const source = given?.facts ?? hostSource(wish.source as string, found!)
  const bytes = given === undefined ? found!.bytes : given.bytes
  const facts: SyncFacts = { source, target: target!.facts }
  const known = facts.target.is === 'file' || facts.target.is === 'absent'
  if (
    source.is !== 'ready' ||
    !known ||
    (facts.target.is === 'file' && facts.target.sha256 === source.sha256)
  )
    return facts
  const from = { label: wish.path, absent: facts.target.is === 'absent', ...bytesOf(target!.bytes) }
  const to = { label: source.label, ...bytesOf(source.size > diffLimit ? undefined : bytes) }
  return {
    ...facts,
    diff: showDiff(from, to, (name, value) => around.learned(`${wish.path}: ${name}`, value)),
  }
}

function bytesOf(bytes: Uint8Array | undefined): { bytes?: Uint8Array } {
  return bytes === undefined ? {} : { bytes }
}

/** A sync that can be planned: the new content is there, and the target is a file or nothing. */
export interface SyncPlan {
  is: 'planned'
  because: string
  put: FileChange
  say: string
  diff: NonNullable<Change['diff']>
  /** Puts the former state of the file back. */
  back: Change
  evidence: string[]
}

/** What a sync comes to, before an action adds its reload to it. */
export type SyncOutcome =
  | SyncPlan
  | { is: 'in_sync'; because: string }
  | { is: 'cannot_tell'; because: string }

/** Plans a sync: nothing to do, can't tell, or one put with its way back. */
export function planSync(wish: FileWish, facts: SyncFacts, stamp: string, validate?: Command): SyncOutcome {
  const { source, target } = facts
  if (source.is === 'missing') return { is: 'cannot_tell', because: source.reason }
  if (target.is === 'other')
    return { is: 'cannot_tell', because: `${wish.path} is a ${target.kind}, not a file` }
  if (target.is === 'unreadable') return { is: 'cannot_tell', because: notReadable(wish.path, target) }
  const wrong = target.is === 'file' ? differing(wish, target) : []
  const same = target.is === 'file' && target.sha256 === source.sha256
  if (same && wrong.length === 0)
    return {
      is: 'in_sync',
      because: `${wish.path} already matches ${source.label}, sha256 ${shortSha(source.sha256)}`,
    }

  const backup = target.is === 'file' && !same ? backupPath(target.real, stamp) : undefined
  const put: FileChange = {
    path: wish.path,
    // A file that only changes its mode or owner is copied from itself: one way of changing a file, not two.
    content: same ? { copy: target.real, sha256: target.sha256 } : source.content,
    expect: target.is === 'file' ? target.sha256 : 'absent',
    result: source.sha256,
    ...(backup === undefined ? {} : { backup }),
    ...(validate === undefined ? {} : { validate }),
    ...(wish.mode === undefined ? {} : { mode: wish.mode }),
    ...(wish.owner === undefined ? {} : { owner: wish.owner }),
    ...(wish.group === undefined ? {} : { group: wish.group }),
  }
  const because =
    target.is === 'absent'
      ? `${wish.path} does not exist; ${source.label} has sha256 ${shortSha(source.sha256)}`
      : same
        ? `${wish.path} has the right content, but ${wrong.join(', ')}`
        : `${wish.path} (sha256 ${shortSha(target.sha256)}) differs from ${source.label} (sha256 ${shortSha(source.sha256)})`
  return {
    is: 'planned',
    because,
    put,
    say: sayPut(wish, source.label, target, same),
    diff: { path: wish.path, from: put.expect, to: source.sha256, unified: '', ...facts.diff },
    back: backOf(wish, source.sha256, target, backup),
    evidence: notes(wish, target),
  }
}

function sayPut(wish: FileWish, label: string, target: PathFacts, same: boolean): string {
  if (target.is === 'absent') return `write ${wish.path} from ${label}`
  if (!same) return `replace ${wish.path} with ${label}`
  const wanted = attributes.flatMap((name) => (wish[name] === undefined ? [] : [`${name} ${wish[name]}`]))
  return `give ${wish.path} ${wanted.join(', ')}`
}

const attributes = ['mode', 'owner', 'group'] as const

/** `mode 0600 instead of 0644`, for each attribute that the wish names and the file has not. */
function differing(wish: FileWish, file: FileFacts): string[] {
  return attributes.flatMap((name) =>
    wish[name] === undefined || wish[name] === file[name]
      ? []
      : [`${name} ${file[name]} instead of ${wish[name]}`],
  )
}

function backOf(
  wish: FileWish,
  now: string,
  target: FileFacts | { is: 'absent'; real: string },
  backup: string | undefined,
): Change {
  if (target.is === 'absent')
    return { say: `remove ${wish.path} again`, remove: { path: wish.path, expect: now } }
  const put: FileChange = {
    path: wish.path,
    content: { copy: backup ?? target.real, sha256: target.sha256 },
    expect: now,
    result: target.sha256,
    ...(wish.mode === undefined ? {} : { mode: target.mode }),
    ...(wish.owner === undefined ? {} : { owner: target.owner }),
    ...(wish.group === undefined ? {} : { group: target.group }),
  }
  return {
    say: backup === undefined ? `give ${wish.path} its former owner and mode` : `put ${backup} back`,
    put,
  }
}

function notes(wish: FileWish, target: PathFacts): string[] {
  const found: string[] = []
  if ('link' in target && target.link !== undefined && 'real' in target)
    found.push(`${wish.path} is a link to ${target.link}; the link stays, ${target.real} is replaced`)
  if ('notWritableBy' in target && 'real' in target) {
    const next = target.notWritableBy === 'root' ? '' : ': say `as: root` on the step'
    found.push(`${target.notWritableBy} may not write in the folder of ${target.real}${next}`)
  }
  if (target.is === 'file' && target.hardLinks > 1)
    found.push(`${target.real} has ${target.hardLinks} hard links; the others keep the former content`)
  return found
}

/** The plan of a sync whose put is followed by nothing, or by one reload that its undo repeats. */
export function syncToPlan(outcome: SyncOutcome, reload?: { apply: Change; undo: Change }): Plan {
  if (outcome.is !== 'planned') return { outcome: outcome.is, because: outcome.because, changes: [] }
  const { because, put, say, diff, back, evidence } = outcome
  return {
    outcome: 'would_change',
    because,
    changes: [
      { do: { say, diff, put }, undo: reload === undefined ? [back] : [back, reload.undo] },
      // Undo goes backwards: the reload's own pair comes first and does nothing; the put's pair restores and reloads.
      ...(reload === undefined ? [] : [{ do: reload.apply, undo: [] }]),
    ],
    ...(evidence.length === 0 ? {} : { evidence }),
  }
}

/** One look whether the file is now what was wished for; undefined where it is, else how it differs. */
export async function unlike(
  host: Reader,
  wish: FileWish,
  before: SyncFacts,
  { text }: Pick<Around, 'text'>,
): Promise<string | undefined> {
  const [look] = await lookAt(host, [wish.path], { text })
  const { facts } = look!
  if (facts.is === 'absent') return `${wish.path} does not exist`
  if (facts.is !== 'file') return `${wish.path} can't be read`
  if (before.source.is !== 'ready') return `${sourceLabel(wish.source)} could not be read`
  if (facts.sha256 !== before.source.sha256)
    return `${wish.path} has sha256 ${shortSha(facts.sha256)} instead of ${shortSha(before.source.sha256)}`
  const wrong = differing(wish, facts)
  return wrong.length === 0 ? undefined : `${wish.path} has ${wrong.join(', ')}`
}
