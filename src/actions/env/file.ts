import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { Around } from '../../model/action.ts'
import type { Reader } from '../../model/command.ts'
import { dotenvValues } from '../../model/dotenv.ts'
import { SitrepError } from '../../model/errors.ts'
import { isSecretSetting } from '../../model/secretShape.ts'

/** The name of a variable in a `.env` file. */
export const zEnvKey = z.string().regex(/^[A-Za-z_][\w.-]*$/, 'expected the name of a variable')

/** A `.env` file as it was read; `text` holds secrets and never becomes a fact. */
export interface EnvFile {
  text: string
  sha256: string
  values: Map<string, string>
}

/** sha256 of UTF-8 text, lower-case hex. */
export function shaOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Reads a `.env` file of the host and tells its secret values to the sinks; undefined where it is not there. */
export async function readEnvFile(host: Reader, file: string, around: Around): Promise<EnvFile | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await host.read(file)
  } catch (error) {
    const exists = await host.run({ argv: ['test', '-e', file] })
    if (exists.endedBy === 'exit' && exists.exitCode === 1) return undefined
    throw error
  }
  const text = decode(bytes, file)
  const values = dotenvValues(text)
  for (const [key, value] of values)
    if (isSecretSetting(key, value, around.lists)) learn(around, file, key, value)
  return { text, sha256: shaOf(text), values }
}

/** Tells a secret value of a `.env` file, under a name that no other file or host has. */
export function learn(around: Around, file: string, key: string, value: string): void {
  around.learned(`${around.host.name}:${file}:${key}`, value)
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new SitrepError('failed', `${file} is not UTF-8 text`, { cause })
  }
}
