import type { Channel } from '../transport.ts'
import type { Attempt } from './passwords.ts'

/** How long sudo may neither ask nor start before the payload is given all the same, in milliseconds. */
const grace = 8000

/** Of what sudo says, so much is looked at, in bytes. */
const longestWords = 300

/** The console's side of one command's talk with sudo (sudo/text.ts tells the story). */
export interface SudoTalk {
  onMark(name: string): void
  /** Hears what comes on stderr: where sudo asks only once, its refusal is but words. */
  heard(chunk: Uint8Array): void
  /** True once the command itself was seen to run: its exit code is its own. */
  started(): boolean
  /** What went wrong in the talk, in words. */
  problem(): string | undefined
  close(): void
}

/** Answers sudo's one question, and gives the command its input once it runs. */
export function talkToSudo(o: {
  channel: Channel
  password(): Promise<Attempt | undefined>
  /** A person is being asked: their time is not the command's. */
  waiting(on: boolean): void
}): SudoTalk {
  let asked = false
  let over = false
  let started = false
  let problem: string | undefined
  let attempt: Attempt | undefined
  let words = ''
  /** Says once what came of the password. */
  const judge = (how: 'right' | 'wrong') => {
    attempt?.[how]()
    attempt = undefined
  }
  const finish = (line: string) => {
    if (over) return
    over = true
    clearTimeout(timer)
    o.channel.write(`${line}\n`)
    o.channel.end()
  }
  const timer = setTimeout(() => finish('G'), grace)
  const answer = async () => {
    clearTimeout(timer)
    o.waiting(true)
    const given = await o.password()
    o.waiting(false)
    // Nobody tried it: the next one does.
    if (over) return given?.wrong()
    attempt = given
    if (given === undefined) {
      problem = 'sudo: a password is required, and nobody could be asked'
      finish('X')
    } else o.channel.write(`P${Buffer.from(given.password).toString('base64')}\n`)
  }
  const ask = () => {
    if (!asked && !over) {
      asked = true
      void answer()
    } else if (asked && !started) {
      // One attempt for one confirmation: sudo would ask three times.
      problem ??= 'sudo: wrong password'
      judge('wrong')
      finish('X')
    }
  }
  return {
    heard(chunk) {
      if (attempt === undefined) return
      words = (words + Buffer.from(chunk).toString('latin1')).slice(-longestWords)
      if (/incorrect password attempt/.test(words)) judge('wrong')
    },
    onMark(name) {
      if (name === 'ask') ask()
      else if (name === 'started') {
        started = true
        judge('right')
        finish('G')
      } else if (name === 'done') {
        // It ended too fast to be seen at work, and sudo had no word against the password.
        judge('right')
        finish('X')
      }
    },
    started: () => started,
    problem: () => problem,
    close() {
      clearTimeout(timer)
      over = true
      judge('wrong')
    },
  }
}
