import { constants } from 'node:os'
import { messageOf } from '../model/errors.ts'

const { ENOSPC, EDQUOT } = constants.errno

/** True for an error that says that the disk, or the user's part of it, is full. */
export function isNoRoom(error: unknown): error is NodeJS.ErrnoException {
  const errno = errnoOf(error)
  return errno !== undefined && (errno === -ENOSPC || errno === -EDQUOT)
}

/** What went wrong with a file, in the system's words. libuv has none for a quota: `Unknown system error -122`. */
export function sayCause(error: unknown): string {
  const said = messageOf(error)
  if (errnoOf(error) !== -EDQUOT) return said
  return said.replace(
    /^(Unknown system error -\d+: )+(Unknown system error -\d+)/,
    'EDQUOT: disk quota exceeded',
  )
}

function errnoOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  if ('errno' in error && typeof error.errno === 'number') return error.errno
  return 'code' in error && error.code === 'ENOSPC' ? -ENOSPC : undefined
}
