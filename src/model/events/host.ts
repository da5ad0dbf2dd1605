// The ways to hosts, their clocks and locks.
import * as z from 'zod'
import { stepRef, when } from './parts.ts'

export const hostEvents = {
  'host.connected': z
    .object({
      host: z.string(),
      address: z.string(),
      user: z.string(),
      transport: z.string(),
      fingerprint: z.string().optional(),
      ms: z.number().optional(),
      because: z
        .string()
        .optional()
        .describe("why the system's ssh is used though the inventory does not say so"),
      notes: z.array(z.string()).optional().describe('what of its configuration is not used'),
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
    .object({
      ...stepRef,
      lock: z.string().describe('its id'),
      resources: z.array(z.string()),
      unexcluded: z.string().optional().describe('whom it can not keep out'),
    })
    .describe('a step has these resources of a host to itself'),
  'lock.released': z.object({ ...stepRef, lock: z.string() }).describe('the lock is free again'),
  'lock.taken_over': z
    .object({
      ...stepRef,
      lock: z.string().describe('the new lock'),
      over: z.string().describe('the id of the lock that was taken over'),
      resource: z.string(),
      holder: z.string(),
      incident: z.string(),
      since: z.string().describe('since when it was held, by the clock of the host'),
    })
    .describe('a lock of another holder was taken over'),
} as const
