import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'

/** Milliseconds that a process has to end after TERM before it is killed. */
const patience = 2000

/** Signals the process group of a detached child; false where nothing of it is left. */
export function signalGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  return child.pid !== undefined && signalProcess(-child.pid, signal)
}

/** Signals a process by id, or a group by its negative id; false where it is gone (macOS: EPERM for a dead group). */
function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** Ends the process group of a detached child: TERM, then KILL. */
export function endGroup(child: ChildProcess): Promise<void> {
  return child.pid === undefined ? Promise.resolve() : endProcess(-child.pid)
}

/** Ends a process (or a group, by its negative id) and waits until it is gone: TERM, then KILL. */
export async function endProcess(pid: number): Promise<void> {
  signalProcess(pid, 'SIGTERM')
  if (await goneWithin(pid, patience)) return
  signalProcess(pid, 'SIGKILL')
  await goneWithin(pid, patience)
}

async function goneWithin(pid: number, ms: number): Promise<boolean> {
  const end = Date.now() + ms
  for (let wait = 2; await livesOn(pid); wait = Math.min(wait * 2, 50)) {
    if (Date.now() > end) return false
    await sleep(wait)
  }
  return true
}

/** Whether a process (or a group, by its negative id) runs. A signal still reaches a zombie, and where the first process never reaps they stay. */
export async function livesOn(pid: number): Promise<boolean> {
  if (!signalProcess(pid, 0)) return false
  if (process.platform !== 'linux') return true
  const stats = await Promise.all(
    (await processIds()).map((id) => readFile(`/proc/${id}/stat`, 'latin1').catch(() => '')),
  )
  return stats.some((stat) => {
    // "PID (name) STATE PPID PGRP …"; the name may hold spaces and brackets.
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const same = pid < 0 ? Number(group) === -pid : Number.parseInt(stat, 10) === pid
    return same && state !== 'Z' && state !== 'X'
  })
}

async function processIds(): Promise<number[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
}

/** Waits for a child of this process to end, also where it ended before. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
    await once(child, 'exit')
}

/**
 * The ids of this user's processes that belong to a folder: their HOME lies in it (Linux), or their command line
 * names it (where there is no /proc). This finds what left its session and its parent behind.
 */
export async function processesOf(folder: string, o: { procFs?: boolean } = {}): Promise<number[]> {
  const found =
    (o.procFs ?? process.platform === 'linux') ? await byEnvironment(folder) : await byCommand(folder)
  return found.filter((pid) => pid !== process.pid)
}

async function byEnvironment(folder: string): Promise<number[]> {
  const found = await Promise.all(
    (await processIds()).map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
      return environment.split('\0').some((entry) => entry.startsWith(`HOME=${folder}/`)) ? pid : 0
    }),
  )
  return found.filter((pid) => pid !== 0)
}

async function byCommand(folder: string): Promise<number[]> {
  const { stdout } = await execa('ps', ['-axww', '-o', 'pid=,command='], { reject: false })
  return stdout
    .split('\n')
    .map((line) => /^\s*(\d+) (.*)$/.exec(line))
    .flatMap((match) => (match?.[2]?.includes(`${folder}/`) ? [Number(match[1])] : []))
}
