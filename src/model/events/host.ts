// The ways to hosts, their clocks and locks.
import { z } from 'zod'
import { when } from './parts.ts'

export const hostEvents = {
  'host.connected': z
    .object({
      host: z.string(),
      address: z.string(),
      user: z.string(),
      transport: z.string(),
      fingerprint: z.string().optional(),
      ms: z.number().optional(),
    })
    .describe('a session to a host was opened'),
  'host.stale': z.object({ host: z.string(), since: when }).describe('a host has not answered for a while'),
  'host.lost': z.object({ host: z.string(), reason: z.string() }).describe('the link to a host is gone'),
  'host.refused': z
    .object({
      host: z.string(),
      phase: z.string(),
      reason: z.string(),
      fingerprints: z.array(z.string()).optional(),
    })
    .describe(
      'a host could not be reached, or its identity or our authentication was refused; phase says where',
    ),
  'host.clock': z
    .object({ host: z.string(), offsetMs: z.number(), uncertaintyMs: z.number() })
    .describe("how far a host's clock is from ours"),
  'lock.taken': z
    .object({ host: z.string(), resource: z.string() })
    .describe('a resource of a host is locked for a step'),
  'lock.released': z.object({ host: z.string(), resource: z.string() }).describe('the lock is free again'),
  'lock.taken_over': z
    .object({ host: z.string(), resource: z.string(), lock: z.string() })
    .describe('a lock of another holder was taken over'),
} as const
