/** What nobody waits for, but which has to be over before its session is closed: a folder removed, a lock released. */
export interface Errands {
  /** Gives the errand back as it is; whoever does not wait for it need not. */
  run<T>(errand: Promise<T>): Promise<T>
  /** Settles when none is on its way any more, or when they take too long; never rejects. */
  done(): Promise<void>
}

/** A session's end waits this long for its errands, in milliseconds: by then its link is gone. */
const patience = 5000

/** An empty set of errands. */
export function createErrands(): Errands {
  const open = new Set<Promise<unknown>>()
  return {
    run(errand) {
      const settled = errand.catch(() => undefined)
      open.add(settled)
      void settled.then(() => open.delete(settled))
      return errand
    },
    async done() {
      if (open.size === 0) return
      const over = Promise.withResolvers<void>()
      const timer = setTimeout(over.resolve, patience)
      await Promise.race([Promise.all(open), over.promise])
      clearTimeout(timer)
    },
  }
}
