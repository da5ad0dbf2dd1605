import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Command, Job, Payload, RunOptions, RunResult, Session } from '../../src/model/command.ts'
import type { Host } from '../../src/model/host.ts'
import { revealText, type SecretStore } from '../../src/model/secret.ts'

/** This machine as a host of the inventory. */
export const thisHost: Host = {
  name: 'here',
  transport: 'local',
  address: 'localhost',
  port: 22,
  user: 'me',
  groups: [],
  production: false,
  path: [],
  env: {},
  vars: {},
}

/** A small store of secrets for tests. */
export function secretsOf(values: Record<string, string> = {}): SecretStore {
  const kept = new Map(Object.entries(values))
  return {
    register: (name, _source, value) => void kept.set(name, value),
    has: (name) => kept.has(name),
    value: ({ secret }) => {
      const value = kept.get(secret)
      if (value === undefined) throw new Error(`no secret ${secret}`)
      return value
    },
    entries: () => [...kept].map(([name, value]) => ({ name, value })),
    sourceOf: (name) => (kept.has(name) ? 'stdin' : undefined),
    onRegister: () => () => undefined,
  }
}

/** Everything that was given to a test session, for looking at argv. */
export interface TestSession extends Session {
  commands: Command[]
}

/** A bare Session on this machine over execa, for tests of actions: no job folder, `as` by setpriv. */
export function testSession(o: { secrets?: SecretStore; env?: Record<string, string> } = {}): TestSession {
  const secrets = o.secrets ?? secretsOf()
  const commands: Command[] = []
  const start = (command: Command, options: RunOptions = {}) => {
    commands.push(command)
    const env: Record<string, string> = { ...o.env, ...command.env }
    for (const [name, ref] of Object.entries(command.secrets ?? {})) env[name] = secrets.value(ref)
    const user =
      command.as === undefined || command.as === 'root'
        ? []
        : ['setpriv', '--reuid', command.as, '--regid', command.as, '--clear-groups', '--']
    const [file, ...args] = [...user, ...command.argv]
    // In a process group of its own, which a cancel and a timeout end as a whole: a job does the same.
    const child = execa(file!, args, {
      env,
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
      input: bytesOf(command.stdin, secrets),
      encoding: 'buffer',
      reject: false,
      stripFinalNewline: false,
      detached: true,
    })
    let ended: 'timeout' | 'cancel' | undefined
    const end = (why: 'timeout' | 'cancel') => {
      ended ??= why
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
    }
    const limit = command.timeoutMs ?? options.timeoutMs
    const timer = limit === undefined ? undefined : setTimeout(end, limit, 'timeout')
    const cancel = () => end('cancel')
    options.signal?.addEventListener('abort', cancel)
    child.stdout.on('data', (chunk: Uint8Array) => options.onOutput?.('stdout', chunk))
    child.stderr.on('data', (chunk: Uint8Array) => options.onOutput?.('stderr', chunk))
    const done = child.then((result): RunResult => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', cancel)
      const output = (bytes: Uint8Array) => ({ bytes, total: bytes.length, cut: false })
      const base = { stdout: output(result.stdout), stderr: output(result.stderr), ms: result.durationMs }
      if (ended !== undefined) return { ...base, endedBy: ended }
      if (result.exitCode !== undefined) return { ...base, endedBy: 'exit', exitCode: result.exitCode }
      if (result.signal !== undefined) return { ...base, endedBy: 'signal', signal: result.signal }
      const problem = result.shortMessage ?? 'not started'
      return { ...base, endedBy: 'exit', exitCode: 127, problem }
    })
    return { done, cancel }
  }
  return {
    host: thisHost,
    commands,
    state: () => ({ is: 'ready', since: '' }),
    onState: () => () => undefined,
    run: (command, options) => start(command, options).done,
    read: (path) => readFile(path),
    job: async (id, command, options): Promise<Job> => {
      const { done, cancel } = start(command, options)
      return {
        id,
        done,
        cancel: async () => {
          cancel()
          await done
          return { gone: true, detail: 'ended' }
        },
        remove: async () => undefined,
      }
    },
    jobState: async () => ({ is: 'not_started' }),
    jobs: async () => [],
    follow: () => {
      throw new Error('the test session follows nothing')
    },
    lock: async (request) => ({
      is: 'ours',
      lock: {
        id: request.id,
        resources: request.resources,
        over: [],
        joining: () => request,
        keep: () => undefined,
        release: async () => undefined,
      },
    }),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

function bytesOf(stdin: Payload | undefined, secrets: SecretStore): Uint8Array {
  if (stdin === undefined) return new Uint8Array()
  if (typeof stdin === 'object' && 'base64' in stdin) return Buffer.from(stdin.base64, 'base64')
  return Buffer.from(revealText(stdin, secrets))
}

/** A fresh folder that is removed when it goes out of scope: `await using dir = await tempDir()`. */
export async function tempDir(): Promise<AsyncDisposable & { path: string; at(...names: string[]): string }> {
  const path = await mkdtemp(join(tmpdir(), 'sitrep-test-'))
  return {
    path,
    at: (...names) => join(path, ...names),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}
