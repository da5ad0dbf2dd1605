import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Whether OpenSSH's client is installed, for what ssh2 can't do. */
export function hasSystemSsh(): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      if (folder !== '') accessSync(join(folder, 'ssh'), constants.X_OK)
      return folder !== ''
    } catch {
      return false
    }
  })
}
