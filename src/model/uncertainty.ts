/** How sure a time is, to stand beside it: `±0.2s`, `±12s`, `±5m`, `±14h`; rounded up, so that it never claims too much. */
export function sayUncertainty(ms: number): string {
  if (ms <= 9_900) return `±${(Math.ceil(ms / 100) / 10).toFixed(1)}s`
  if (ms <= 99_000) return `±${Math.ceil(ms / 1000)}s`
  if (ms <= 99 * 60_000) return `±${Math.ceil(ms / 60_000)}m`
  return `±${Math.ceil(ms / 3_600_000)}h`
}
