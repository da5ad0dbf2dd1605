import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import pLimit from 'p-limit'
import type { AskTerminal } from '../run/policy.ts'
import type { Ink } from './output.ts'
import { approvalLines, typedQuestion } from './print/approval.ts'

/** True where a person can be asked: stdin and stderr are terminals. */
export function hasTerminal(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

let open = 0
const held: (() => void)[] = []

/** True while a question stands on the terminal and its answer is typed: nothing else may write to that line. */
export function isAsking(): boolean {
  return open > 0
}

/** Shows something now, or, where a question stands on the terminal, once it is answered; what came first is shown first. */
export function unlessAsking(show: () => void): void {
  if (isAsking()) held.push(show)
  else show()
}

// Hosts run and connect side by side, and there is one terminal.
const turns = pLimit(1)

/**
 * Puts a question, with all that belongs to it, when the one before was answered; until it is answered itself it stays the
 * last thing on the terminal.
 */
export function inTurn<T>(question: () => Promise<T>): Promise<T> {
  return turns(() => standing(question))
}

async function standing<T>(question: () => Promise<T>): Promise<T> {
  open++
  try {
    return await question()
  } finally {
    open--
    if (!isAsking()) for (const show of held.splice(0)) show()
  }
}

/** How long keys are dropped after an approval was shown, in milliseconds: they were typed for something else. */
const typedAhead = 250

/**
 * Asks one line on stderr; undefined where the person ended the input. What is typed for a secret is not shown; where
 * `fresh` is asked for, what was typed before the question stood there does not count.
 */
export function askLine(
  question: string,
  o: { hidden?: boolean; fresh?: boolean; signal?: AbortSignal } = {},
): Promise<string | undefined> {
  return standing(async () => {
    if (o.fresh === true) await dropTypedAhead()
    return readAnswer(question, o)
  })
}

async function readAnswer(
  question: string,
  o: { hidden?: boolean; signal?: AbortSignal },
): Promise<string | undefined> {
  // What is being done may stand on this line.
  process.stderr.write('\r\u001b[K')
  const output =
    o.hidden === true ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stderr
  if (o.hidden === true) process.stderr.write(question)
  const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 })
  const closed = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)))
  // In raw mode the terminal sends no signal by itself: ctrl-c means here what it means elsewhere. Whoever listens hears of it
  // before the question ends, or else it would count as answered with no.
  lines.once('SIGINT', () => {
    if (!process.emit('SIGINT', 'SIGINT')) process.kill(process.pid, 'SIGINT')
    lines.close()
  })
  try {
    const asked = lines.question(
      o.hidden === true ? '' : question,
      o.signal === undefined ? {} : { signal: o.signal },
    )
    return await Promise.race([asked, closed])
  } catch {
    return undefined
  } finally {
    lines.close()
    if (o.hidden === true) process.stderr.write('\n')
  }
}

async function dropTypedAhead(): Promise<void> {
  const { stdin } = process
  const drop = (chunk: Buffer) => {
    if (chunk.includes(3)) process.kill(process.pid, 'SIGINT')
  }
  stdin.setRawMode(true)
  stdin.on('data', drop)
  await wait(typedAhead)
  stdin.off('data', drop)
}

/**
 * Asks for approval on the terminal: shows the plan, takes y, s or n, or the target where it has to be typed. `clean` is
 * the one pipe: a plan holds text of the host. A plan that is the last thing on the screen already (`onScreen`, by its hash)
 * is only named.
 */
export function terminalApproval(
  ink: Ink,
  { clean, onScreen }: { clean: <T>(value: T) => T; onScreen?: (plan: string) => boolean },
): AskTerminal {
  const ask: AskTerminal = async (request, signal) => {
    const cleaned = clean(request)
    const { plan, confirm, target, changed, question, hosts } = cleaned
    const where =
      hosts === undefined ? plan.host : `${hosts.length} hosts, the same on each: ${hosts.join(', ')}`
    if (question !== undefined) return askPerson(`${ink('strong', `${where}:`)}\n${question}`, signal)
    const shown = [
      // The progress line may stand here.
      '\r\u001b[K',
      changed === true
        ? ink('warn', `The plan changed since it was approved. ${where}:`)
        : ink('strong', `${where}:`),
      ...approvalLines(cleaned, ink, onScreen?.(plan.hash) === true),
    ]
    process.stderr.write(`${shown.join('\n')}\n`)
    if (confirm === 'typed') {
      const typed = await askLine(typedQuestion(cleaned), { signal, fresh: true })
      if (typed?.trim() === (target ?? plan.host)) return { answer: 'run', how: 'typed' }
      return typed?.trim() === 's' ? skip(signal) : { answer: 'stop', reason: 'the target was not typed' }
    }
    const said = (await askLine('Run this? [y]es, [s]kip, [n]o, stop: ', { signal, fresh: true }))
      ?.trim()
      .toLowerCase()
    if (said === 'y' || said === 'yes') return { answer: 'run', how: 'enter' }
    return said === 's' || said === 'skip'
      ? skip(signal)
      : { answer: 'stop', reason: 'stopped by the operator' }
  }
  return (request, signal) => inTurn(() => ask(request, signal))
}

async function skip(signal: AbortSignal): Promise<{ answer: 'skip'; reason: string }> {
  const reason = await askLine('Why is it skipped? ', { signal })
  return { answer: 'skip', reason: reason?.trim() || 'no reason given' }
}

async function askPerson(question: string, signal: AbortSignal): Promise<Awaited<ReturnType<AskTerminal>>> {
  process.stderr.write(`\n${question}\n`)
  const said = await askLine('[y]es, done; [n]o; [s]kip; or in words (y or n is asked next) what you saw: ', {
    signal,
    fresh: true,
  })
  const text = said?.trim() ?? ''
  if (said === undefined || text === 's' || text === '') return { answer: 'skip', reason: 'needs a person' }
  if (text === 'n' || text === 'no') return { answer: 'said', text: 'no', ok: false }
  if (text === 'y' || text === 'yes') return { answer: 'said', text: 'yes', ok: true }
  // Words alone do not say whether the step may count as done.
  for (;;) {
    const done = (await askLine('Is it done, and right? [y]es, [n]o: ', { signal }))?.trim().toLowerCase()
    if (done === undefined) return { answer: 'skip', reason: `needs a person; they wrote: ${text}` }
    if (['y', 'yes', 'n', 'no'].includes(done)) return { answer: 'said', text, ok: done[0] === 'y' }
  }
}
