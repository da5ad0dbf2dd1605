import type { OutputListener, Sha256 } from '../model/command.ts'

/** What became of an output that was to be kept beside the journal; `unkept` says why it could not be. */
export interface Kept {
  artifact?: { sha256: Sha256; bytes: number; cut?: boolean }
  unkept?: string
}

/** Keeps one command's output beside the journal as it comes. */
export interface OutputKeeper {
  chunk: OutputListener
  /** Ends it once; nothing where the output is short enough to stand in the event. Never throws for what the disk does. */
  end(): Promise<Kept>
  /** Leaves nothing behind; nothing after `end`. */
  abandon(): Promise<void>
}

/** A text of a host that is evidence: a diff of what a plan would change, or a file as an inspection read it. */
export interface Found {
  host: string
  /** What it is: `diff of /etc/caddy/Caddyfile`. */
  name: string
  text: string | Uint8Array
  /** sha256 of the host's own bytes. */
  original?: Sha256
}

/** Keeps beside the journal what is too long for an event. */
export interface Keep {
  output(): OutputKeeper
  /** Keeps what is new of these and journals it (`artifact.added`); why not where something could not be kept. */
  found(found: readonly Found[]): Promise<string | undefined>
}

/** Keeps nothing, for a look that is not part of an incident. */
export const keepNothing: Keep = {
  output: () => ({ chunk: () => undefined, end: async () => ({}), abandon: async () => undefined }),
  found: async () => undefined,
}

/**
 * Does something whose output is kept: `work` gives its chunks to the keeper, and ends it when it records the result.
 * Where it fails before that, nothing is left behind.
 */
export async function keeping<T>(keep: Keep, work: (keeper: OutputKeeper) => Promise<T>): Promise<T> {
  const keeper = keep.output()
  try {
    return await work(keeper)
  } finally {
    await keeper.abandon()
  }
}
