import { readdir } from 'node:fs/promises'
import { basename } from 'node:path'
import { type Checkpoint, orderedCheckpoint } from '../model/checkpoint.ts'
import type { EventRecord } from '../model/event.ts'
import { decodeLine } from './decode.ts'
import { type Begun, beganErasures } from './erase/redo.ts'
import { journalDir, journalFiles, strangeJournals } from './files.ts'
import { eachLine } from './lines.ts'
import { erasureOf } from './named.ts'
import { strangeReason } from './position.ts'
import { type Against, type AgainstReport, checkpointsOf } from './verify/against.ts'
import { type BadRecord, type Chain, followChain } from './verify/chain.ts'
import { createFileCheck, type FilesReport } from './verify/files.ts'

export type { Against, AgainstReport } from './verify/against.ts'
export type { BadRecord } from './verify/chain.ts'

/** How one writer's chain stands. */
export interface WriterReport {
  writer: string
  records: number
  first_bad?: BadRecord
  /** Events whose data was erased, with the reason recorded. */
  erased?: { event: string; reason: string }[]
  /** Bytes of a last line that was never finished, so never acknowledged. */
  torn?: number
}

/** What `sitrep verify --json` prints. */
export interface VerifyReport extends FilesReport {
  whole: boolean
  writers: WriterReport[]
  /** Where the chains stand now, to be held against a later look. */
  checkpoint: Checkpoint
  against: AgainstReport[]
  /** False where there was no checkpoint to hold the record against: a cut tail would not show. */
  held: boolean
  /** Erasures that were begun and not finished: opening the incident finishes them. */
  erasing: Begun[]
  /** Unfinished lines that writers have set aside, relative to the incident's folder. */
  aside: string[]
}

/**
 * Proves that an incident's record is whole: every chain from its first record, what was erased, the files that events
 * name; held against the checkpoint in its folder and those given. Reads as streams; nothing is written.
 */
export async function verifyJournal(
  dir: string,
  o: { id?: string; against?: readonly Against[] } = {},
): Promise<VerifyReport> {
  const id = o.id ?? basename(dir)
  const { against, placesOf, furthest } = await checkpointsOf(dir, o.against ?? [])
  const erasures = new Map<string, string>()
  const files = createFileCheck(dir)
  const take = (record: EventRecord) => {
    const erasure = erasureOf(record)
    if (erasure?.event !== undefined) erasures.set(erasure.event, erasure.reason)
    files.take(record)
  }

  const chains: { chain: Chain; torn: number; path: string }[] = []
  for (const { writer, path } of await journalFiles(dir)) {
    const following = followChain(writer, placesOf(writer), take)
    const { torn } = await eachLine(path, following.take)
    following.end()
    chains.push({ chain: following.chain, torn, path })
  }
  const still = await stillThere(chains, erasures)
  const writers = chains.map(({ chain, torn }) =>
    writerReport(chain, torn, erasures, still.get(chain.writer)),
  )
  for (const writer of await strangeJournals(dir))
    writers.push({ writer, records: 0, first_bad: { line: 1, seq: 1, reason: strangeReason } })
  for (const { writer, seq, source } of furthest) {
    if (writers.some((report) => report.writer === writer)) continue
    const reason = `the file is gone; ${source} saw ${seq} records`
    writers.push({ writer, records: 0, first_bad: { line: 1, seq: 1, reason } })
  }
  const found = await files.report()
  const bad = [
    ...found.artifacts.bad,
    ...found.logs.bad,
    ...against.filter(({ problem }) => problem !== undefined),
  ]
  return {
    // A folder without any journal proves nothing.
    whole: chains.length > 0 && bad.length === 0 && writers.every(({ first_bad }) => !first_bad),
    writers,
    checkpoint: orderedCheckpoint(
      id,
      chains.flatMap(({ chain: { writer, last } }) => (last ? [{ writer, ...last }] : [])),
    ),
    against,
    held: against.length > 0,
    erasing: await beganErasures(dir),
    ...found,
    aside: await setAside(dir),
  }
}

function writerReport(
  { writer, records, bad, dataless }: Chain,
  torn: number,
  erasures: ReadonlyMap<string, string>,
  still: BadRecord | undefined,
): WriterReport {
  const unexplained = dataless.find(({ id }) => !erasures.has(id!))
  const candidates = [bad, unexplained, still].filter((one) => one !== undefined)
  const first = candidates.sort((a, b) => a.line - b.line)[0]
  const erased = dataless.flatMap(({ id, line }) => {
    const reason = erasures.get(id!)
    return reason === undefined || (first && line >= first.line) ? [] : [{ event: id!, reason }]
  })
  return {
    writer,
    records,
    ...(first ? { first_bad: first } : {}),
    ...(erased.length > 0 ? { erased } : {}),
    ...(torn > 0 ? { torn } : {}),
  }
}

/** By writer, the first record that was to be erased and still has its data. */
async function stillThere(
  chains: readonly { chain: Chain; path: string }[],
  erasures: ReadonlyMap<string, string>,
): Promise<Map<string, BadRecord>> {
  const gone = new Set(chains.flatMap(({ chain }) => chain.dataless.map(({ id }) => id)))
  const open = new Set([...erasures.keys()].filter((id) => !gone.has(id)))
  const still = new Map<string, BadRecord>()
  if (open.size === 0) return still
  for (const { chain, path } of chains) {
    let line = 0
    await eachLine(path, (bytes) => {
      line++
      const decoded = decodeLine(bytes.toString('utf8'))
      if (!('record' in decoded) || !open.has(decoded.record.id) || decoded.record.data === undefined)
        return true
      const { id, seq } = decoded.record
      still.set(chain.writer, { line, seq, id, reason: 'it was erased, but its data is still here' })
      return false
    })
  }
  return still
}

async function setAside(dir: string): Promise<string[]> {
  const names = await readdir(journalDir(dir)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names
    .filter((name) => /\.torn-\d+$/.test(name))
    .sort()
    .map((name) => `journal/${name}`)
}
