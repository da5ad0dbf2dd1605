import type { OutputListener } from '../../model/command.ts'
import { type Conversation, converse } from '../converse.ts'
import type { Machine } from '../machine.ts'
import { createMarkFilter, type MarkFilter } from '../marks.ts'
import type { Wrapped } from '../wrap.ts'
import { parseAttached } from './outcome.ts'

/** Byte offsets of a job's files on its host. */
export interface Offsets {
  stdout: number
  stderr: number
}

/** What was heard of a job so far, over all the links that it was followed by. */
export interface Heard {
  /** How far its files were read, the words of its wrapper included. */
  at: Offsets
  /** What its wrapper said between its output: `started`, `folder`, … */
  said: Map<string, string>
  /** The user that sudo runs it as. */
  as: string | undefined
  /** The host said that it knows the job. */
  there: boolean
  /** Takes the words of a wrapper that began under another nonce than the pass's own out of its stderr. */
  words?: MarkFilter
}

/** The words that the wrapper of a command writes into the job's `err`; all others are the follower's own. */
const ownWords = new Set(['folder', 'torn', 'nosudo', 'ask', 'started', 'done'])

/** One channel that follows a job. */
export interface Pass {
  talk: Conversation
  /** Settles when the host said whether there is a job, or the channel ended. */
  known: Promise<void>
}

/**
 * One channel that follows a job. The output goes to `deliver` without the words of the wrapper, and is counted in `heard` as
 * it stands in the host's files, so that the next pass can go on at the next byte.
 */
export async function pass(
  machine: Machine,
  o: {
    nonce: string
    text: string
    wrapped: Wrapped
    heard: Heard
    deliver: OutputListener
    signal?: AbortSignal
  },
): Promise<Pass> {
  const { nonce, heard, deliver } = o
  const known = Promise.withResolvers<void>()
  let attached = false
  const talk = await converse(machine, o.text, {
    nonce,
    wrapped: o.wrapped,
    ...(o.signal === undefined ? {} : { signal: o.signal }),
    onMark: (name, value) => {
      if (ownWords.has(name)) {
        heard.said.set(name, value)
        heard.at.stderr += Buffer.byteLength(`${nonce}:${name}${value === '' ? '' : ` ${value}`}\n`)
      }
      if (name === 'fresh' || name === 'attached') heard.there = true
      if (name === 'attached') {
        attached = true
        const mark = parseAttached(value)
        heard.as = mark.as
        heard.words ??= wordsOf(mark.nonce, heard, deliver)
      }
      if (isAnswer(name)) known.resolve()
    },
    listener: (stream, chunk) => {
      heard.at[stream] += chunk.length
      if (stream === 'stderr' && attached) heard.words?.write(chunk)
      else deliver(stream, chunk)
    },
  })
  void talk.ended.then(() => known.resolve())
  return { talk, known: known.promise }
}

const isAnswer = (name: string) =>
  ['fresh', 'attached', 'nofolder', 'none', 'locked', 'lockfailed'].includes(name)

function wordsOf(nonce: string, heard: Heard, deliver: OutputListener): MarkFilter {
  return createMarkFilter(nonce, {
    begin: false,
    onMark: (name, value) => heard.said.set(name, value),
    onData: (chunk) => deliver('stderr', chunk),
  })
}
