import { lstatSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * The longest folder that leaves room for `/ssh-XXXXXX/m` and the 17 characters that ssh adds while it makes the socket: a
 * unix socket's path has 104 bytes on macOS, 108 on Linux.
 */
const longest = 104 - 13 - 17 - 1

/** A new folder that only we can enter, for a control socket; in `$XDG_RUNTIME_DIR/sitrep`, else among the temporary files. */
export function linkFolder(): string {
  const own = runtimeFolder()
  const base = [own, tmpdir()].find((path) => path !== undefined && Buffer.byteLength(path) <= longest)
  return mkdtempSync(join(base ?? '/tmp', 'ssh-'))
}

function runtimeFolder(): string | undefined {
  const runtime = process.env.XDG_RUNTIME_DIR
  if (!runtime?.startsWith('/')) return undefined
  const path = join(runtime, 'sitrep')
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const { uid, mode } = lstatSync(path)
    const ours = uid === process.getuid?.() && (mode & 0o170077) === 0o040000
    return ours ? path : undefined
  } catch {
    return undefined
  }
}
