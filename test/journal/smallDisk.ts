import { mkdir, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'
import { tempDir } from './setup.ts'

/** True where a file system of one's own can be mounted. */
export const canMount = process.platform === 'linux' && process.getuid?.() === 0

/** A real file system of one size. */
export interface SmallDisk {
  dir: string
  /** Takes all room but so many bytes, in a file of its own; again to take what was freed since. */
  fill(but?: number): Promise<void>
  /** Gives that room back. */
  drain(): Promise<void>
  remount(option: 'ro' | 'rw' | `size=${string}`): Promise<void>
}

/** Mounts a tmpfs of a size (`4m`), gone at the test's end. */
export async function smallDisk(size: string): Promise<SmallDisk> {
  const dir = join(await tempDir(), 'disk')
  await mkdir(dir)
  await execa('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir])
  onTestFinished(async () => {
    await execa('umount', ['--lazy', dir], { reject: false })
  })
  const filler = join(dir, 'filler')
  return {
    dir,
    async fill(but = 0) {
      const { bavail, bsize } = await statfs(dir)
      const room = Math.floor((bavail * bsize - but) / bsize) * bsize
      if (room > 0) await writeFile(filler, Buffer.alloc(room, 120), { flag: 'a' })
    },
    drain: () => writeFile(filler, ''),
    remount: async (option) => void (await execa('mount', ['-o', `remount,${option}`, dir])),
  }
}
