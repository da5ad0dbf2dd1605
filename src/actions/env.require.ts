import * as z from 'zod'
import type { Action, Plan } from '../model/action.ts'
import { dotenvDuplicates } from '../model/dotenv.ts'
import { zPath } from '../model/schema.ts'
import { readEnvFile, zEnvKey } from './env/file.ts'

const params = z.strictObject({
  file: zPath.describe('The .env file on the host'),
  keys: z.array(zEnvKey).min(1).describe('What must stand in it and not be empty'),
})

type Params = z.infer<typeof params>

/** Names only, never values. */
interface Facts {
  exists: boolean
  missing: string[]
  empty: string[]
  /** Keys that stand on several lines, where parsers differ about which one counts. */
  duplicates?: { key: string; lines: number[] }[]
}

function plan(p: Params, facts: Facts): Plan {
  const duplicates = facts.duplicates ?? []
  const evidence = duplicates.map(
    ({ key, lines }) => `${key} stands on lines ${lines.join(', ')}; the last one counts`,
  )
  const seen = evidence.length === 0 ? {} : { evidence }
  if (!facts.exists)
    return {
      outcome: 'cannot_tell',
      because: `${p.file} does not exist, or this user can't see it`,
      changes: [],
    }
  const problems = [
    ...(facts.missing.length > 0 ? [`missing: ${facts.missing.join(', ')}`] : []),
    ...(facts.empty.length > 0 ? [`empty: ${facts.empty.join(', ')}`] : []),
  ]
  if (problems.length > 0)
    return { outcome: 'cannot_tell', because: `${p.file}: ${problems.join('; ')}`, changes: [], ...seen }
  return { outcome: 'in_sync', because: `${p.file} holds ${p.keys.join(', ')}`, changes: [], ...seen }
}

const inspect: Action<Params, Facts>['inspect'] = async (host, { file, keys }, around) => {
  const found = await readEnvFile(host, file, around)
  if (found === undefined) return { exists: false, missing: keys, empty: [] }
  const duplicates = dotenvDuplicates(found.text).filter(({ key }) => keys.includes(key))
  return {
    exists: true,
    missing: keys.filter((key) => !found.values.has(key)),
    empty: keys.filter((key) => found.values.get(key)?.trim() === ''),
    ...(duplicates.length === 0 ? {} : { duplicates }),
  }
}

/** Looks whether a `.env` file holds what an application needs; changes nothing. */
export const action: Action<Params, Facts> = {
  name: 'env.require',
  summary: 'Looks that a .env file holds the named keys, and that they are not empty.',
  risk: 'observe',
  params,
  example: 'file: /opt/core/backend/.env\nkeys: [DB_HOST, JWT_PRIVATE_KEY_FILE]\n',
  locks: () => [],
  inspect,
  plan,
  async verify(host, p, { around }) {
    const { outcome, because } = plan(p, await inspect(host, p, around))
    return { verdict: outcome === 'in_sync' ? 'ok' : 'failed', reason: because }
  },
}
