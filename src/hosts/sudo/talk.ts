import type { Channel } from '../transport.ts'

/** How long sudo may neither ask nor start before the payload is given all the same, in milliseconds. */
const grace = 8000

/** The console's side of one command's talk with sudo (sudo/text.ts tells the story). */
export interface SudoTalk {
  onMark(name: string): void
  /** True once the command itself was seen to run: its exit code is its own. */
  started(): boolean
  /** What went wrong in the talk, in words. */
  problem(): string | undefined
  close(): void
}

/** Answers sudo's one question, and gives the command its input once it runs. */
export function talkToSudo(o: {
  channel: Channel
  password(): Promise<string | undefined>
  /** The password was refused. */
  wrong(): void
  /** A person is being asked: their time is not the command's. */
  waiting(on: boolean): void
}): SudoTalk {
  let asked = false
  let over = false
  let started = false
  let problem: string | undefined
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
    const password = await o.password()
    o.waiting(false)
    if (over) return
    if (password === undefined) {
      problem = 'sudo: a password is required, and nobody could be asked'
      finish('X')
    } else o.channel.write(`P${Buffer.from(password).toString('base64')}\n`)
  }
  const ask = () => {
    if (!asked && !over) {
      asked = true
      void answer()
    } else if (asked && !started) {
      // One attempt for one confirmation: sudo would ask three times.
      problem ??= 'sudo: wrong password'
      o.wrong()
      finish('X')
    }
  }
  return {
    onMark(name) {
      if (name === 'ask') ask()
      else if (name === 'started') {
        started = true
        finish('G')
      } else if (name === 'done') finish('X')
    },
    started: () => started,
    problem: () => problem,
    close() {
      clearTimeout(timer)
      over = true
    },
  }
}
