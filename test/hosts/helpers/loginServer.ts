import { spawn } from 'node:child_process'
import ssh2, { type KeyboardAuthContext, type ServerChannel } from 'ssh2'
import { testKey } from './keys.ts'
import { listening } from './links.ts'

/** An SSH server that asks for a password and then for a one-time code, and runs what it is given as this user. */
export interface LoginServer {
  port: number
  /** Its host key, as `TYPE BASE64`. */
  key: string
  /** The answers that it was given, each round one list. */
  answers: string[][]
  close(): void
}

/** Starts it on loopback; each connection has to answer both. */
export async function loginServer(o: { password: string; code: string }): Promise<LoginServer> {
  const key = testKey()
  const answers: string[][] = []
  const rounds = [
    { prompt: 'Password: ', echo: false, right: o.password },
    { prompt: 'Verification code: ', echo: true, right: o.code },
  ]
  const ask = (context: KeyboardAuthContext, [round, ...rest]: typeof rounds): void => {
    if (!round) {
      context.accept()
      return
    }
    context.prompt([{ prompt: round.prompt, echo: round.echo }], (given) => {
      answers.push(given)
      if (given[0] === round.right) ask(context, rest)
      else context.reject(['keyboard-interactive'])
    })
  }
  const server = new ssh2.Server({ hostKeys: [key.private] }, (client) => {
    client.on('error', () => {})
    client.on('authentication', (context) => {
      if (context.method === 'keyboard-interactive') ask(context, rounds)
      else context.reject(['keyboard-interactive'])
    })
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec, _reject, { command }) => serve(acceptExec(), command))
    })
  })
  const port = await listening(server)
  return { port, key: `${key.type} ${key.blob}`, answers, close: () => server.close() }
}

function serve(channel: ServerChannel, command: string): void {
  // As sshd does, the command leads a process group of its own.
  const child = spawn('sh', ['-c', command], { detached: true, stdio: 'pipe' })
  channel.on('error', () => {})
  child.stdin.on('error', () => {})
  channel.pipe(child.stdin)
  child.stdout.pipe(channel, { end: false })
  child.stderr.pipe(channel.stderr, { end: false })
  channel.on('close', () => child.stdin.destroy())
  child.on('close', (code, signal) => {
    if (signal === null) channel.exit(code ?? 0)
    else channel.exit(signal.slice(3))
    channel.end()
  })
}
