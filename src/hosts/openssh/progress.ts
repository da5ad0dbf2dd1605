import type { ConnectPhase } from '../../model/host.ts'
import { hostWords } from '../errors.ts'
import type { ChannelEnd } from '../transport.ts'

/** What the master says of one of its channels: its command runs, or how that ended; its number belongs to another from now on. */
export type ChannelEvent = 'runs' | ChannelEnd | 'free'

/** How far a connection of ssh(1) has come, read from what it says with `-vvv`. */
export interface Progress {
  phase: ConnectPhase | 'open'
  /** SHA256 fingerprint of the key that the host shows, also of the key within its certificate. */
  fingerprint?: string
  /** True once that key was accepted. */
  accepted: boolean
  /** The keys and methods that were tried. */
  tried: string[]
  /** What the host said that it takes: `publickey,keyboard-interactive`. */
  takes?: string
  /** The cipher and MAC of what the host sends. */
  cipher?: { name: string; mac: string }
  strict: boolean
  /** The host had words of its own printed before its key was accepted; they may look like any line of ssh's. */
  forged: boolean
  /** Questions of the host itself have begun (keyboard-interactive); a banner may say so, but not take it back. */
  questions: boolean
  /** What was said beside debug lines, the last of it; once the connection is open only what tells of its end. */
  said: string[]
  /** How many lines were said in all. */
  lines: number
  /** Why the host could not be reached for somebody who goes through it, as `connect failed: Connection refused`. */
  forwardFailed?: { said: string }
}

/** Lines that are kept. */
const kept = 40

/** How ssh begins the line that tells why a connection ended. */
const ending =
  /^(Timeout, server|Connection (closed|reset|to)|Read from remote|client_loop: |packet_write|ssh_dispatch|Received disconnect|Disconnect|Bad packet|.*Broken pipe|\S+: Permission denied \()/

/** What was said after the first `lines` lines, as far as it is kept. */
export function saidSince({ said, lines }: Progress, before: number): string[] {
  return lines === before ? [] : said.slice(-(lines - before))
}

/** Who is told of what an ssh says. */
export interface ProgressListener {
  /** The next phase has begun. */
  onPhase?(): void
  /** A sign of life of the host. */
  onHeard?(): void
  onChannel?(id: number, event: ChannelEvent): void
}

/** Reads the stderr of an ssh, piece by piece. */
export function readProgress(listener: ProgressListener = {}): {
  progress: Progress
  write(chunk: Buffer): void
} {
  const progress: Progress = {
    phase: 'resolve',
    accepted: false,
    tried: [],
    strict: false,
    forged: false,
    questions: false,
    said: [],
    lines: 0,
  }
  let rest = ''
  return {
    progress,
    write(chunk) {
      const lines = (rest + chunk.toString('latin1')).split(/\r?\n/)
      rest = (lines.pop() ?? '').slice(-8192)
      for (const line of lines) take(progress, Buffer.from(line, 'latin1').toString('utf8'), listener)
    },
  }
}

function take(progress: Progress, line: string, listener: ProgressListener): void {
  const debug = /^debug\d: (.*)$/.exec(line)?.[1]
  if (debug === undefined) takeWords(progress, line)
  else if (/receive packet: type|sent adjust/.test(debug)) listener.onHeard?.()
  else if (progress.phase === 'open') takeChannel(debug, listener)
  else {
    const before = progress.phase
    readDebug(progress, debug)
    if (progress.phase !== before) listener.onPhase?.()
  }
}

function takeWords(progress: Progress, line: string): void {
  const forward = /^channel \d+: open failed: (.*)$/.exec(line)?.[1]
  if (forward !== undefined) progress.forwardFailed = { said: hostWords(forward) }
  if (line.trim() === '' || /^(OpenSSH_|Authenticated to |@+$)/.test(line)) return
  // Commands of ours stand among the debug lines, and may have several lines themselves.
  if (progress.phase === 'open' && !ending.test(line)) return
  progress.said = [...progress.said, hostWords(line)].slice(-kept)
  progress.lines++
}

/** Of an open connection: what becomes of the commands in its channels. */
function takeChannel(text: string, { onChannel }: ProgressListener): void {
  const runs = /exec request accepted on channel (\d+)/.exec(text)?.[1]
  if (runs !== undefined) onChannel?.(Number(runs), 'runs')
  const [, id, code] = /channel (\d+): exit message, exitval (\d+)/.exec(text) ?? []
  if (id !== undefined) onChannel?.(Number(id), { code: Number(code) })
  const signalled = /channel (\d+) rtype exit-signal/.exec(text)?.[1]
  const free = /channel (\d+): (?:new |free: client-session)/.exec(text)?.[1]
  if (free !== undefined) onChannel?.(Number(free), 'free')
  // Which signal it was is not told.
  if (signalled !== undefined) onChannel?.(Number(signalled), { signal: 'a signal' })
}

/**
 * What may be believed of a connection until its host is known. From then on the host can print a banner, whose lines look
 * like any of ssh's own.
 */
const early: [RegExp, (progress: Progress, match: RegExpExecArray) => void][] = [
  [
    /^(Connecting to |Executing proxy command)/,
    (p) => {
      p.phase = 'connect'
    },
  ],
  [
    /^(Connection established\.|Remote protocol version)/,
    (p) => {
      p.phase = 'handshake'
    },
  ],
  [
    /^kex: server->client cipher: (\S+) MAC: (\S+)/,
    (p, [, name = '', mac = '']) => {
      p.cipher = { name, mac }
    },
  ],
  [
    /^(?:kex_choose_conf: )?will use strict KEX ordering/,
    (p) => {
      p.strict = true
    },
  ],
  [
    // SSH_MSG_DEBUG (RFC 4253, 11.3): what it says may go on in further lines. No host has anything to say there.
    /^Remote: /,
    (p) => {
      p.forged = true
    },
  ],
  [
    /^Server host (?:key|certificate): \S+ (SHA256:[A-Za-z0-9+/]+)/,
    (p, [, fingerprint = '']) => {
      p.fingerprint = fingerprint
    },
  ],
  [
    /^SSH2_MSG_NEWKEYS received/,
    (p) => {
      p.accepted = true
      p.phase = 'authentication'
    },
  ],
]

/** What is told of the login; nothing that anything but words rests on, but that questions of the host have begun. */
const late: typeof early = [
  [
    /^Authentications that can continue: (\S+)/,
    (p, [, takes = '']) => {
      p.takes = takes
    },
  ],
  [
    /^Offering public key: (.*?) (?:RSA|DSA|ECDSA|ED25519|XMSS)\S* SHA256:\S+(.*)$/,
    (p, [, key = '', how = '']) => {
      p.tried.push(/ agent/.test(how) ? `the agent's key ${key}` : key)
    },
  ],
  [
    /^(?:Next authentication method|userauth): (?!publickey)(\S+)/,
    (p, [, method = '']) => {
      p.tried.push(method)
      if (method === 'keyboard-interactive') p.questions = true
    },
  ],
  [
    /^Entering interactive session/,
    (p) => {
      p.phase = 'open'
    },
  ],
]

function readDebug(progress: Progress, text: string): void {
  for (const [pattern, apply] of progress.accepted ? late : early) {
    const match = pattern.exec(text)
    if (!match) continue
    apply(progress, match)
    return
  }
}
