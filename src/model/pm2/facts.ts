import type { RunResult } from '../command.ts'
import { SitrepError } from '../errors.ts'
import { cutText, lastLine, lastLines, type ToText, wholeText } from '../said.ts'

/** One process of an application, as PM2 tells it: names of its variables, values only of those that may be shown. */
export interface Pm2Process {
  pm_id: number
  pid: number
  status: string
  restarts: number
  upMs: number
  /** ISO 8601 UTC. */
  since: string
  cwd: string
  script: string
  args: string[]
  interpreter?: string
  mode: string
  names: string[]
  same: Record<string, 'same' | 'other' | 'absent'>
  values: Record<string, string>
  out: string
  err: string
  /** Where it really runs, where that is not `cwd`: a folder that was replaced or removed under it. */
  runsIn?: string
  errors?: string[]
}

/** What the look at one application found. */
export interface Pm2Facts {
  /** The user that was looked as. */
  user: string
  /** The small environment that PM2 is run with: HOME, PATH, PM2_HOME and the like. */
  env: Record<string, string>
  pm2Home: string
  /** `$XDG_STATE_HOME/sitrep/pm2` of that user, absolute. */
  stateDir: string
  /** Whether pm2 itself was found. */
  found: boolean
  /** pid of the user's own daemon, 0 where none runs. */
  daemon: number
  processes: Pm2Process[]
  /** Daemons of other users, and whether they hold an application of this name. */
  others: { user: string; pid: number; home: string; holds: 'yes' | 'no' | 'unknown' }[]
  /** sha256 of the definition that would be saved. */
  former?: string
  script?: string
  scriptExists?: boolean
  cwdExists?: boolean
  /** Files that the program reads at its start and that changed after it was started. */
  newer?: string[]
  port?: { number: number; listening: boolean; mine: boolean; owner?: string }
}

/**
 * The facts that a look printed; throws with the host's words where it could not look: some of them from behind the pipe,
 * or all of them as they are where the pipe is further on.
 */
export function parseLook(result: RunResult, text?: ToText): Pm2Facts {
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim()
  const said = decode(result.stdout.bytes).split('\n').at(-1) ?? ''
  if (result.endedBy === 'exit' && result.exitCode === 0) {
    try {
      return JSON.parse(said) as Pm2Facts
    } catch {
      // The parser's own message quotes what it was given, so it is no cause to tell.
      const shown =
        text === undefined ? decode(result.stdout.bytes) : lastLine(wholeText(result.stdout, text))
      throw new SitrepError('failed', `the look at PM2 printed no facts: ${cutShown(shown ?? '', text)}`)
    }
  }
  if (result.exitCode === 127) {
    throw new SitrepError('failed', 'node was not found on the host, and PM2 needs it', {
      next: "put the folder of node and pm2 into the host's `path` in sitrep.yaml, or name pm2 by its path",
    })
  }
  const why =
    result.problem ??
    (text === undefined
      ? decode(result.stderr.bytes)
      : lastLines(wholeText(result.stderr, text), 3).join('; '))
  throw new SitrepError('failed', `can't look at PM2: ${why || `ended by ${result.endedBy}`}`)
}

const cutShown = (shown: string, text: ToText | undefined) =>
  text === undefined ? shown : cutText(shown, 200)
