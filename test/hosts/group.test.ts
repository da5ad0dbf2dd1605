import { execaSync } from 'execa'
import { describe, expect, it } from 'vitest'
import { belowSudo, members, type Process, parseProcesses } from '../../src/hosts/group.ts'

const zeros = '0 0 0 0 0 0 0 0 0 0 0 0 0 0 0'
const stat = (pid: number, name: string, state: string, parent: number, group: number, session: number) =>
  `${pid} (${name}) ${state} ${parent} ${group} ${session} ${zeros} ${pid * 10} 1 2 3`

describe('the processes of a group', () => {
  it('are read from /proc, whatever a process calls itself', () => {
    const [odd] = parseProcesses(`${stat(7, 'a) b (c', 'S', 1, 7, 5)}\nnot a line`)
    expect(odd).toEqual({ pid: 7, parent: 1, group: 7, session: 5, state: 'S', born: '70', name: 'a) b (c' })
  })

  it('are read from ps, where there is no /proc', () => {
    const form = 'pid=,ppid=,pgid=,sess=,stat=,lstart=,comm='
    const { stdout } = execaSync('ps', ['-o', form, '-p', String(process.pid)], { env: { LC_ALL: 'C' } })
    expect(parseProcesses(`ps ${stdout}`)).toMatchObject([{ pid: process.pid, parent: process.ppid }])
  })

  it('take in its session, and what a sudo of it put into a session of its own; not the dead', () => {
    const all: Process[] = parseProcesses(
      [
        stat(10, 'sh', 'S', 1, 10, 10),
        stat(11, 'sudo', 'S', 10, 10, 10),
        stat(12, 'sudo', 'S', 11, 12, 12),
        stat(13, 'sleep', 'S', 12, 13, 12),
        stat(14, 'set -m', 'S', 10, 14, 10),
        stat(15, 'gone', 'Z', 10, 10, 10),
        // A daemon that the command started and let go is not of the group.
        stat(16, 'daemon', 'S', 1, 16, 16),
        stat(17, 'other', 'S', 1, 17, 17),
      ].join('\n'),
    )
    expect(members(all, 10).map((p) => p.pid)).toEqual([10, 11, 14, 12, 13])
  })

  it('take in whatever one of them started, and who has their output; below a sudo are those whom it started', () => {
    const all: Process[] = parseProcesses(
      [
        stat(10, 'sh', 'S', 1, 10, 10),
        stat(11, 'sudo', 'S', 10, 10, 10),
        stat(12, 'sudo', 'S', 11, 12, 12),
        stat(13, 'sleep', 'S', 12, 12, 12),
        stat(14, 'sh', 'S', 13, 14, 14),
        stat(15, 'setsid', 'S', 10, 15, 15),
        stat(16, 'holder', 'S', 1, 16, 16),
        stat(17, 'of another', 'S', 1, 17, 18),
        stat(18, 'login', 'S', 1, 18, 18),
      ].join('\n'),
    )
    const found = members(all, 10, new Set([16, 17]))
    expect(found.map((p) => p.pid).toSorted()).toEqual([10, 11, 12, 13, 14, 15, 16, 17])
    expect(belowSudo(found).map((p) => p.pid)).toEqual([13, 14])
    expect(belowSudo(found.filter((p) => p.pid < 13))).toEqual([])
  })
})
