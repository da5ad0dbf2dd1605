import { z } from 'zod'
import type { Action } from '../../src/model/action.ts'
import type { CheckKind } from '../../src/model/check.ts'
import type { LogSourceKind } from '../../src/model/log.ts'
import { zCommand, zPath, zPort, zSecretable, zShell, zText } from '../../src/model/schema.ts'
import type { Kinds } from '../../src/runbook/kinds.ts'

const never = () => Promise.reject(new Error('not in these tests'))

function action(name: string, params: z.ZodType, shellText: readonly string[] = []): Action {
  const plan = () => ({ outcome: 'in_sync' as const, because: '', changes: [] })
  return {
    name,
    summary: `Does ${name}.`,
    risk: 'change',
    params,
    shellText,
    example: '',
    locks: () => [],
    inspect: never,
    plan,
    verify: never,
  }
}

function kind(name: string, params: z.ZodType, shellText: readonly string[] = []): CheckKind {
  return {
    kind: name,
    summary: `Looks at ${name}.`,
    params,
    shellText,
    example: '',
    effect: () => 'observe',
    observe: never,
  }
}

function log(name: string): LogSourceKind {
  return {
    kind: name,
    summary: '',
    params: z.string().regex(/^[\w./-]+$/, 'not a name of a log'),
    example: '',
    command: never,
  }
}

/** A small set of kinds whose schemas show each way in which a schema can refuse. */
export const kinds: Kinds = {
  actions: [
    action(
      'shell',
      z.strictObject({
        run: zShell,
        unless: zShell.optional(),
        undo: zShell.optional(),
        creates: zPath.optional(),
        changes: z.boolean().optional(),
        expect: z.strictObject({ exit: z.int().optional() }).optional(),
      }),
      ['run', 'unless', 'undo'],
    ),
    action(
      'pm2.restart',
      z.strictObject({
        name: z.string(),
        cwd: zPath,
        env: z.record(z.string(), zSecretable).optional(),
        port: zPort.optional(),
        args: z.array(z.string()).optional(),
      }),
    ),
    action('env.require', z.strictObject({ file: zPath, keys: z.array(z.string()).min(1) })),
    action(
      'put',
      z.strictObject({
        path: zPath,
        source: z.union([zPath, z.strictObject({ local: z.string() }), z.strictObject({ text: zText })]),
        validate: zCommand.optional(),
      }),
      ['validate'],
    ),
    action('manual', z.strictObject({ ask: z.string().optional() })),
  ],
  checks: [
    kind(
      'http',
      z.strictObject({
        url: z.string(),
        expect: z
          .strictObject({
            status: z.union([z.int(), z.array(z.int()), z.string().regex(/^\d+-\d+$/)]).optional(),
          })
          .default({}),
      }),
    ),
    kind('port', z.strictObject({ port: zPort, address: z.string().optional() })),
    kind(
      'command',
      z.strictObject({ run: zShell, expect: z.strictObject({ exit: z.int().optional() }).optional() }),
      ['run'],
    ),
  ],
  logSources: [log('pm2'), log('unit'), log('file')],
}
