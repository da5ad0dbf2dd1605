/** How often something is done: `few` times in every run, `many` times in a full one (`SITREP_FULL`). */
export function times(few: number, many: number): number {
  return process.env.SITREP_FULL ? many : few
}
