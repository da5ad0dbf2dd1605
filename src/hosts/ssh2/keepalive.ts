import type { LinkTimes } from '../../model/host.ts'

/**
 * ssh2's options for asking a silent host whether it is there, twice before it is called stale. ssh2 itself never gives up:
 * it counts its own questions only, and takes a link for dead that carries so much output that their answers are late.
 */
export function keepalive({ stale, lost }: Pick<LinkTimes, 'stale' | 'lost'>): {
  keepaliveInterval: number
  keepaliveCountMax: number
} {
  return {
    keepaliveInterval: Math.max(20, Math.round(Math.min(stale / 2, lost / 4))),
    keepaliveCountMax: Number.POSITIVE_INFINITY,
  }
}
