import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EventRecord } from '../../../src/model/event.ts'
import { type Desk, program } from './sitrep.ts'

/** A command of sitrep that still runs. */
export interface Running {
  pid: number
  stdout(): string
  stderr(): string
  kill(signal: NodeJS.Signals): void
  /** The exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>
}

/** Starts a command at a desk and leaves it running. */
export function start(at: Desk, ...args: string[]): Running {
  const [node, bin] = program
  const child = spawn(node, [bin, ...args], {
    cwd: at.cwd,
    env: at.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].on('data', (chunk: Buffer) => {
      said[stream] += chunk.toString()
    })
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'))
  })
  return {
    pid: child.pid ?? 0,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    kill: (signal) => void child.kill(signal),
    ended,
  }
}

/** Waits until something holds, generously: several test runs may share the machine. */
export async function until(
  what: () => string,
  holds: () => unknown | Promise<unknown>,
  ms = 30_000,
): Promise<void> {
  const end = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${ms} ms for: ${what()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Every whole record of the newest incident, by writer in the order of their files, then by seq. */
export function recorded(at: Desk): EventRecord[] {
  const root = join(at.home, 'incidents')
  if (!existsSync(root) || readdirSync(root).length === 0) return []
  const dir = join(root, at.incident(), 'journal')
  if (!existsSync(dir)) return []
  return readdirSync(dir)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(dir, name), 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line) as EventRecord)
    .sort((a, b) => (a.hlc < b.hlc ? -1 : 1))
}

interface Process {
  pid: number
  parent: number
  group: number
  command: string
}

/** The processes of this machine that are not dead; Linux only. */
function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const [state, parent, group] = readFileSync(`/proc/${name}/stat`, 'utf8')
          .split(') ')
          .at(-1)!
          .split(' ')
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8')
        if (state === 'Z') return []
        return [{ pid: Number(name), parent: Number(parent), group: Number(group), command }]
      } catch {
        // It ended while we looked.
        return []
      }
    })
}

/** What a process has started and what still runs. */
export const childrenOf = (pid: number) => processes().filter(({ parent }) => parent === pid)

/** What is alive of a process group. */
export const membersOf = (group: number) => processes().filter((one) => one.group === group)
