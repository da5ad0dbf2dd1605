import type { Command, Following, LogSink } from '../model/command.ts'
import { messageOf } from '../model/errors.ts'
import { type Conversation, converse } from './converse.ts'
import { endGroup } from './group.ts'
import type { Machine } from './machine.ts'
import { drawNonce } from './marks.ts'
import { collect, noOutput } from './output.ts'
import { resultOf } from './result.ts'
import { wrap } from './wrap.ts'

/** After its stdin was ended, a followed command has this long to be gone before its group is ended, in milliseconds. */
const patience = 1500

/**
 * Beside the followed command, a `cat` waits on the channel's stdin. It ends when we stop, and also when the link is cut,
 * and then the whole group goes: no `tail -f` is left on the host by a console that vanished.
 */
const guard = `exec 3<&0
(cat <&3 >/dev/null; kill -s TERM -- -$$) >/dev/null 2>&1 &
exec 3<&-`

/** Follows a command's output until it is stopped or ends by itself. */
export function follow(machine: Machine, command: Command, sink: LogSink): Following {
  let stopped = false
  const err = collect(4096)
  const nonce = drawNonce()
  const waiting = new AbortController()
  const open = async (): Promise<Conversation> => {
    const wrapped = wrap(command, nonce, machine, guard)
    return converse(machine, wrapped.text, {
      nonce,
      wrapped,
      keepOpen: true,
      signal: waiting.signal,
      listener: (stream, chunk) => {
        if (stream === 'stderr') err.add(chunk)
        if (!stopped) sink.chunk(stream, chunk)
      },
    })
  }
  const opening = open()
  const run = async (): Promise<string> => {
    try {
      const talk = await opening
      const end = await talk.ended
      if (stopped) return 'stopped'
      const result = resultOf({
        command,
        talk,
        end,
        stop: undefined,
        stdout: noOutput(),
        stderr: err.output(),
        ms: 0,
      })
      if (result.problem !== undefined) return result.problem
      return result.signal === undefined ? `exit ${result.exitCode ?? '?'}` : `ended by ${result.signal}`
    } catch (error) {
      return stopped ? 'stopped' : messageOf(error)
    }
  }
  const ended = run().then((reason) => sink.end(reason))
  return {
    ended,
    async stop() {
      if (stopped) return ended
      stopped = true
      // One that waits for a lost link, or for a free channel, waits no longer.
      waiting.abort()
      const talk = await opening.catch(() => undefined)
      if (!talk) return ended
      talk.end()
      const timer = setTimeout(() => void endHard(machine, talk), talk.as === undefined ? patience : 0)
      await ended
      clearTimeout(timer)
    },
  }
}

/** For what ignores TERM, and for what sudo runs, which the guard may not signal. */
async function endHard(machine: Machine, talk: Conversation): Promise<void> {
  const group = await talk.group()
  const as = talk.as
  if (group !== undefined) {
    await endGroup(machine, { group, gentleMs: 1000, ...(as === undefined ? {} : { as }) }).catch(
      () => undefined,
    )
  }
  talk.abandon()
}
