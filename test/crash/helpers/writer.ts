import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Acknowledged } from './whole.ts'

/** What a writing process is to do. */
export interface WriterPlan {
  /** The incident's folder. */
  dir: string
  /** The user of `by`; `ana` without it. */
  by?: string
  /** The writer's id, where a test must know the file's name before it is there. */
  writer?: string
  /** The path of the reserve file; where there is one, room is looked for every 20 ms. */
  reserve?: string
  /** How many notes. */
  events: number
  /** How many of them wait for the disk at once. */
  together: number
  /** Milliseconds between the groups, so that a disk is not filled by them; none without it. */
  pause?: number
  /** The bytes of the notes, in turn. */
  sizes: readonly number[]
}

/** A writing process. */
export interface WritingProcess {
  pid: number
  /** What it acknowledged so far. */
  kept: Acknowledged[]
  /** The messages of what it refused so far. */
  refused: string[]
  /** True where it came to its end by itself. */
  ended: boolean
  /** Resolves when its file is open, or when it is over before that. */
  open: Promise<void>
  kill(): void
  /** Resolves when it is over and all that it said was read. */
  over: Promise<void>
}

const child = join(import.meta.dirname, 'writer.child.ts')

/** Starts a process that records to an incident; `through` is a command that runs it (strace). */
export function startWriter(plan: WriterPlan, through: readonly string[] = []): WritingProcess {
  const [command = process.execPath, ...args] = [...through, process.execPath, child, JSON.stringify(plan)]
  const started = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // One thread for files: strace counts the calls of each thread for itself.
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
  })
  const opened = Promise.withResolvers<void>()
  const writing: WritingProcess = {
    pid: started.pid ?? 0,
    kept: [],
    refused: [],
    ended: false,
    open: opened.promise,
    kill: () => void started.kill('SIGKILL'),
    over: Promise.resolve(),
  }
  let writer = ''
  let errors = ''
  started.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const lines = createInterface({ input: started.stdout })
  lines.on('line', (line) => {
    const [word, first = '', second = ''] = line.split(' ')
    if (word === 'open') {
      writer = first
      opened.resolve()
    } else if (word === 'kept') writing.kept.push({ writer, seq: Number(first), id: second })
    else if (word === 'refused') writing.refused.push(line.slice('refused '.length))
    else if (word === 'end') writing.ended = true
    else errors += `${line}\n`
  })
  const read = new Promise<void>((resolve) => lines.once('close', resolve))
  writing.over = new Promise<void>((resolve, reject) => {
    started.once('error', reject)
    started.once('close', (_code, signal) => {
      opened.resolve()
      // Killed it may be; a crash of its own is a fault.
      if (errors !== '' && signal !== 'SIGKILL') reject(new Error(errors))
      else void read.then(resolve)
    })
  })
  return writing
}
