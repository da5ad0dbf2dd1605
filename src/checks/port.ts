import * as z from 'zod'
import type { CheckKind } from '../model/check.ts'
import { zPort } from '../model/schema.ts'
import { covers, type Listener, listenersScript, parseListeners } from './shared/listening.ts'

const params = z.strictObject({
  port: zPort.describe('The TCP port'),
  address: z
    .string()
    .regex(/^[0-9a-fA-F.:]+$/, 'expected an IP address')
    .optional()
    .describe('The address that it must listen on; any where absent'),
})

type Params = z.infer<typeof params>

function show({ address, port, process }: Listener): string {
  const place = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
  return process === undefined ? place : `${place} (${process})`
}

/** Whether something on the host listens on a TCP port, and what, where it may be seen. */
export const check: CheckKind<Params> = {
  kind: 'port',
  summary: 'Looks whether something on the host listens on a TCP port.',
  params,
  example: 'port: 3002\naddress: 127.0.0.1\n',
  effect: () => 'observe',
  async observe({ reader, signal }, { port, address }) {
    const expected = address === undefined ? `port ${port} listens` : `port ${port} listens on ${address}`
    const result = await reader.run(
      { argv: ['sh', '-c', listenersScript] },
      signal === undefined ? {} : { signal },
    )
    const ms = Math.round(result.ms)
    const listeners = parseListeners(new TextDecoder().decode(result.stdout.bytes))
    if (result.endedBy !== 'exit' || listeners === undefined) {
      return {
        verdict: 'unknown',
        expected,
        observed: result.problem ?? 'the sockets of the host can not be listed',
        ms,
      }
    }
    const found = listeners.filter((listener) => listener.port === port)
    const good = found.find((listener) => address === undefined || covers(listener, address))
    if (good !== undefined) {
      return {
        verdict: 'ok',
        expected,
        observed: `listens on ${show(good)}`,
        ms,
        evidence: found.map(show).join('\n'),
      }
    }
    if (found.length === 0) return { verdict: 'failed', expected, observed: 'does not listen', ms }
    return { verdict: 'failed', expected, observed: `listens only on ${found.map(show).join(', ')}`, ms }
  },
}
