import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { actions } from '../../src/actions/index.ts'
import { checkKinds } from '../../src/checks/index.ts'
import { logSourceKinds } from '../../src/logs/sources/index.ts'
import type { Host } from '../../src/model/host.ts'
import type { SecretStore } from '../../src/model/secret.ts'
import { formatFinding } from '../../src/runbook/findings.ts'
import { resolveParams } from '../../src/runbook/given.ts'
import { runbookJsonSchema } from '../../src/runbook/jsonSchema.ts'
import { lintRunbook } from '../../src/runbook/lint.ts'
import { loadRunbook } from '../../src/runbook/load.ts'
import { resolveCheck, resolveLog, resolveStep } from '../../src/runbook/resolve.ts'

const kinds = { actions, checks: checkKinds, logSources: logSourceKinds }
const folder = join(import.meta.dirname, '../../runbooks')
const host: Host = {
  name: 'core-1',
  transport: 'ssh2',
  address: '10.0.4.11',
  port: 22,
  user: 'deploy',
  groups: [],
  production: false,
  path: [],
  env: {},
  vars: {},
}
const secrets = { register: () => undefined } as unknown as SecretStore

describe('the runbooks that ship', () => {
  it.each(readdirSync(folder))('%s loads without findings, and its defaults fit', async (file) => {
    const { runbook, findings } = await loadRunbook(join(folder, file), kinds)
    expect([...findings, ...(runbook ? lintRunbook(runbook, kinds) : [])].map(formatFinding)).toEqual([])
    expect(`${runbook!.name}.yaml`).toBe(file)
    expect(runbook!.params.filter(({ description }) => !description)).toEqual([])
    for (const env of [{}, { CORE_CHECK_PASSWORD: 'a-real-one' }]) {
      const given = Object.fromEntries(
        runbook!.params.filter(({ required }) => required).map(({ name }) => [name, 'a-value']),
      )
      const sources = {
        env,
        readFile: () => Promise.reject(new Error()),
        stdin: async () => '',
        secrets,
        cwd: '/',
      }
      const params = await resolveParams(runbook!, given, sources)
      for (const step of runbook!.steps) {
        expect(
          resolveStep(step, { host, params, action: actions.find(({ name }) => name === step.uses)! }),
        ).toHaveProperty('with')
      }
      for (const check of runbook!.checks) {
        expect(
          resolveCheck(check, { host, params, kind: checkKinds.find(({ kind }) => kind === check.kind)! }),
        ).toHaveProperty('with')
      }
      for (const log of runbook!.logs) expect(resolveLog(log, { host, params }).name).not.toContain('{{')
    }
  })

  it('have an up to date schema for editors (else: vitest run test/runbook/shipped.test.ts -u)', async () => {
    const text = `${JSON.stringify(runbookJsonSchema(kinds), null, 2)}\n`
    await expect(text).toMatchFileSnapshot('../../docs/runbook.schema.json')
  })
})
