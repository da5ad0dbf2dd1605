import { appendFileSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { SitrepError } from '../../model/errors.ts'
import { hostName } from './match.ts'
import { keyType } from './parse.ts'

/** The known_hosts line that makes this key of this host known, without its line end. */
export function trustLine(host: string, port: number, key: Buffer): string {
  const type = keyType(key)
  if (type === undefined)
    throw new SitrepError('unreachable', 'what the host showed is no SSH key', { where: host })
  // In the first field these have a meaning of their own.
  if (/[\s,*?!|#@]/.test(host)) throw new SitrepError('usage', 'this is no host name', { where: host })
  return `${hostName(host, port)} ${type} ${key.toString('base64')}`
}

/**
 * The file that a newly trusted key is written to: the first that is an ordinary one, or is not there yet. What is written to a
 * device (`UserKnownHostsFile /dev/null`) is not kept; undefined where nothing can be.
 */
export function fileToTrustIn(files: readonly string[]): string | undefined {
  return files.find((file) => statSync(file, { throwIfNoEntry: false })?.isFile() ?? true)
}

/** Adds a line to a known_hosts file, which is made with mode 0600 (its folder 0700) where it was not there. */
export function appendTrusted(file: string, line: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const before = readOrEmpty(file)
    // A last line without its end would swallow ours.
    const glue = before === '' || before.endsWith('\n') ? '' : '\n'
    appendFileSync(file, `${glue}${line}\n`, { mode: 0o600 })
  } catch (error) {
    throw new SitrepError('unreachable', 'the host key could not be written down', {
      where: file,
      cause: error,
    })
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
