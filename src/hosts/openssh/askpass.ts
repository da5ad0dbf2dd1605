import { writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { homedir, userInfo } from 'node:os'
import { basename, dirname, join } from 'node:path'
import type { Host } from '../../model/host.ts'
import { hostWords } from '../errors.ts'
import { expandHome } from '../known_hosts.ts'
import { quote } from '../quote.ts'
import { type AskingDeps, askSecret } from '../ssh2/questions.ts'
import type { Passphrases } from './passphrases.ts'

/** What ssh's questions are asked with. */
export interface AskpassDeps extends Omit<AskingDeps, 'signal'> {
  passphrases: Passphrases
  /** What ssh said since it last asked: the host's own words before a question. */
  said(): string
  /** Whether the host's own questions have begun: what is asked from then on is not ssh's. */
  questions(): boolean
}

/** A program that ssh asks its questions with, for as long as it is open. */
export interface Askpass {
  /** The environment by which ssh finds it. */
  env: Record<string, string>
  close(): void
}

/*
 * ssh asks by running the program that SSH_ASKPASS names with the question as its argument, and reads the answer from its
 * stdout (ssh(1)). Ours passes the question to us over a socket in the link's own folder, and prints what comes back: nothing
 * where nobody answered, else `+` and the answer.
 */
const program = `const socket = require("node:net").connect(process.env.SITREP_ASKPASS)
const parts = []
socket.on("error", () => process.exit(1))
socket.on("data", (part) => parts.push(part))
socket.on("end", () => {
  const answer = Buffer.concat(parts)
  if (answer[0] !== 43) process.exit(1)
  process.stdout.write(answer.subarray(1) + "\\n")
})
const question = { text: process.argv[1], hint: process.env.SSH_ASKPASS_PROMPT }
socket.write(JSON.stringify(question) + "\\n")
`

/** Opens it in a folder that only we can enter. */
export async function openAskpass(host: Host, folder: string, deps: AskpassDeps): Promise<Askpass> {
  const path = join(folder, 'askpass')
  const socketPath = join(folder, 'ask')
  writeFileSync(path, `#!/bin/sh\nexec ${quote(process.execPath)} -e ${quote(program)} -- "$1"\n`, {
    mode: 0o700,
  })
  const open = new Set<Socket>()
  const asked = new Map<string, Promise<string | undefined> | undefined>()
  const server = createServer((socket) => {
    open.add(socket)
    const gone = new AbortController()
    let text = ''
    socket.on('error', () => {})
    socket.on('close', () => {
      open.delete(socket)
      gone.abort()
    })
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8')
      if (!text.endsWith('\n')) return
      const question = JSON.parse(text) as { text: string; hint?: string }
      answerTo(host, question, asked, { ...deps, signal: gone.signal }).then(
        (answer) => socket.end(answer === undefined ? '' : `+${answer}`),
        () => socket.end(),
      )
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socketPath, resolve)
  })
  return {
    env: {
      SSH_ASKPASS: path,
      SSH_ASKPASS_REQUIRE: 'force',
      SITREP_ASKPASS: socketPath,
      NODE_OPTIONS: '',
      // Before OpenSSH 8.4 the program is only used where a display is named.
      DISPLAY: process.env.DISPLAY ?? ':0',
    },
    close() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}

async function answerTo(
  host: Host,
  question: { text: string; hint?: string },
  asked: Map<string, Promise<string | undefined> | undefined>,
  deps: AskpassDeps & AskingDeps,
): Promise<string | undefined> {
  const text = hostWords(question.text).replace(/:$/, '')
  if (question.hint !== undefined) return confirmed(host, text, question.hint, deps)
  const again = asked.has(question.text)
  const file = deps.questions() ? undefined : keyFileOf(host, text)
  if (file !== undefined) {
    deps.passphrases.forget(file, asked.get(question.text))
    const answer = deps.passphrases.get(file, () =>
      askSecret(host, `${again ? wrong : ''}the passphrase of ${file}`, deps),
    )
    asked.set(question.text, answer)
    return answer
  }
  asked.set(question.text, undefined)
  const before = deps.said()
  const asker = deps.questions() ? 'this host' : 'ssh'
  const what = `${again ? wrong : ''}to log in as ${host.user} ${asker} asks:\n${before === '' ? '' : `${before}\n`}${text}`
  return askSecret(host, what, deps)
}

/** How much of a path ssh shows in its question. */
const shownBytes = 100

/** The key file whose passphrase ssh asks for; undefined where it asks for something else, or for no key of this host's. */
export function keyFileOf(host: Pick<Host, 'identityFiles'>, text: string): string | undefined {
  const named = /^Enter passphrase for (?:key )?'?(.*?)'?$/.exec(text)?.[1]
  if (named === undefined) return undefined
  const files = host.identityFiles?.map(expandHome)
  const isOwn = files
    ? files.some((file) => shownPart(file) === named)
    : [homedir(), userInfo().homedir].some(
        (home) => dirname(named) === join(home, '.ssh') && /^id_[a-z0-9_]+$/.test(basename(named)),
      )
  return isOwn ? named : undefined
}

const shownPart = (file: string) => hostWords(Buffer.from(file).subarray(0, shownBytes).toString('utf8'))

const wrong = 'that was not it; '

/** A question for a yes (`confirm`), or a word that wants a touch and no answer (`none`), which ends when the touch was felt. */
async function confirmed(
  host: Host,
  text: string,
  hint: string,
  { prompter, waiting, signal }: AskingDeps,
): Promise<string | undefined> {
  const who = `${host.name} (${host.address})`
  waiting(true)
  try {
    const what = hint === 'none' ? `${text}\ntouch it now` : text
    return (await prompter.confirm({ who, what, signal })) ? '' : undefined
  } finally {
    waiting(false)
  }
}
