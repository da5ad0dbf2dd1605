import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import type { ShellPlace } from './exec.ts'

/** The system's own folders, as sshd's default PATH has them. */
const systemPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** Makes the home folder of one practice host, and gives the bare environment that its commands get. */
export function makePlace(home: string, bin: string): ShellPlace {
  for (const folder of [home, join(home, 'bin')]) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const user = loginName()
  return {
    cwd: home,
    env: {
      HOME: home,
      USER: user,
      LOGNAME: user,
      SHELL: '/bin/sh',
      PATH: [join(home, 'bin'), bin, ...systemPath].join(':'),
    },
  }
}

/** The name to log in with: this user's own, for the commands run as nobody else. */
export function loginName(): string {
  const { username } = userInfo()
  return /^[A-Za-z_][\w.-]*$/.test(username) ? username : 'practice'
}

/** Puts Node under the name `node` into a folder that stands first on the PATH of the practice hosts. */
export function makeBin(bin: string): void {
  mkdirSync(bin, { recursive: true, mode: 0o700 })
  symlinkSync(process.execPath, join(bin, 'node'))
}

/** Writes a small shell program. */
export function writeProgram(path: string, lines: string[]): void {
  writeFileSync(path, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 })
}

/** A path as one word of a shell program. */
export function word(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`
}
