import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'

/** Why no file system can be mounted here; undefined where it can. */
export const whyNoMount: string | undefined =
  process.platform !== 'linux' ? 'Linux only' : process.getuid?.() === 0 ? undefined : 'mounting needs root'

/** A disk of its own. */
export interface Disk {
  path: string
  /** Takes all the room that is left on it, to the last page. */
  fill(): Promise<void>
  /** Gives it back. */
  empty(): Promise<void>
  readOnly(): Promise<void>
  /** Unmounts it before the test ends. */
  release(): Promise<void>
}

/** Mounts a file system in memory of this many KiB at `path`, until the test ends. */
export async function smallDisk(path: string, kib: number): Promise<Disk> {
  await mkdir(path)
  await execa('mount', ['-t', 'tmpfs', '-o', `size=${kib}k,mode=700`, 'tmpfs', path])
  let mounted = true
  const release = async () => {
    if (!mounted) return
    mounted = false
    await execa('umount', ['--lazy', path])
  }
  onTestFinished(release)
  const ballast = join(path, 'ballast')
  return {
    path,
    release,
    async fill() {
      const file = await open(ballast, 'a', 0o600)
      const page = Buffer.alloc(4096, 0x2e)
      try {
        for (;;) await file.write(page)
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
      } finally {
        await file.close()
      }
    },
    empty: () => rm(ballast, { force: true }),
    async readOnly() {
      await execa('mount', ['-o', 'remount,ro', path])
    },
  }
}
