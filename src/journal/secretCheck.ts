import { createHmac, randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Tells whether a secret has the value that it had in an earlier run, without keeping the value: a journal holds a keyed
 * hash, and the key never leaves this machine's state folder.
 */
export interface SecretChecks {
  /** `KEY:HASH` in hex, for a journal; undefined where the key can neither be read nor made. */
  of(name: string, value: string): string | undefined
  /** Whether a check was made of this name and value; undefined where it was made with another machine's key, or is none. */
  holds(check: string, name: string, value: string): boolean | undefined
}

/** Where the key lies: beside the incidents, so that no archive of one holds it. */
export function secretKeyFile(root: string): string {
  return join(root, 'secrets.key')
}

const keySize = 32
const form = /^([0-9a-f]{12}):([0-9a-f]{16})$/

/** The checks of one incident: the same value has another check in another incident. */
export function createSecretChecks(root: string, incident: string): SecretChecks {
  let found: Buffer | undefined
  const key = (make: boolean): Buffer | undefined => {
    found ??= keyAt(secretKeyFile(root), make)
    return found
  }
  const checkOf = (key: Buffer, name: string, value: string) =>
    `${idOf(key)}:${hmac(key, JSON.stringify([incident, name, value])).slice(0, 16)}`
  return {
    of(name, value) {
      const known = key(true)
      return known === undefined ? undefined : checkOf(known, name, value)
    },
    holds(check, name, value) {
      const known = key(false)
      if (known === undefined || form.exec(check)?.[1] !== idOf(known)) return undefined
      return checkOf(known, name, value) === check
    },
  }
}

function idOf(key: Buffer): string {
  return hmac(key, 'id').slice(0, 12)
}

function hmac(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex')
}

/** Read at once and not in the background: a secret must be named in the journal before what uses it. */
function keyAt(path: string, make: boolean): Buffer | undefined {
  try {
    return readKey(path) ?? (make ? makeKey(path) : undefined)
  } catch {
    // A disk that can't be written, or a folder of others: secrets are then named without a check.
    return undefined
  }
}

function readKey(path: string): Buffer | undefined {
  let file: number
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const { mode, size } = fstatSync(file)
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || size !== keySize)
      throw new Error(`not a key: ${path}`)
    if ((mode & 0o777) !== 0o600) fchmodSync(file, 0o600)
    return readFileSync(file)
  } finally {
    closeSync(file)
  }
}

/** Whole or not at all, and never in the place of another's: of two consoles that make it at once, both get the same. */
function makeKey(path: string): Buffer | undefined {
  const beside = `${path}.${randomBytes(6).toString('hex')}.part`
  try {
    const file = openSync(beside, 'wx', 0o600)
    try {
      writeSync(file, randomBytes(keySize))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    try {
      linkSync(beside, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  } finally {
    rmSync(beside, { force: true })
  }
  syncFolder(dirname(path))
  return readKey(path)
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
