// Throughput of the pipe on one core: bytes → text → inert → redacted, over log text of some 64 MB in chunks of 64 KiB with
// 20 registered secrets, stage by stage and as a whole; then lines that are made to be slow. Time is the processor's, of
// this thread's work and what it causes (garbage collection), since a shared machine's clock says little: the median of
// five rounds, with the fastest and the slowest.
import { createDecoder } from '../../src/logs/decode.ts'
import { createInert } from '../../src/logs/inert.ts'
import { createPipe } from '../../src/logs/pipe.ts'
import { createRedactor } from '../../src/logs/redact.ts'
import { benchSecrets, logCorpus } from './pipe/logCorpus.ts'
import { slowLines } from './pipe/slowLines.ts'

const size = Number(process.env.SITREP_BENCH_MB ?? 64) * 1e6
const rounds = 5
const known = benchSecrets(20)
const store = (count: number) => ({
  entries: () => known.slice(0, count),
  onRegister: () => () => undefined,
})

/** What the work gave, so that it can't be left out. */
let characters = 0

function measure(name: string, bytes: number, work: () => void): void {
  work()
  const rates = Array.from({ length: rounds }, () => {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return bytes / (user + system)
  }).sort((a, b) => a - b)
  const show = (rate: number | undefined) =>
    `${(rate ?? 0).toFixed(rate !== undefined && rate < 10 ? 1 : 0)} MB/s`.padStart(10)
  console.log(`${show(rates[Math.floor(rounds / 2)])}  (${show(rates[0])} to ${show(rates.at(-1))})  ${name}`)
}

const sum = (chunks: readonly Uint8Array[]) => chunks.reduce((total, { length }) => total + length, 0)
const take = (text: string) => {
  characters += text.length
}

function whole(chunks: readonly Uint8Array[], o: { secrets: number; lines?: boolean }): () => void {
  return () => {
    const pipe = createPipe(store(o.secrets))
    const sink = o.lines ? pipe.lines(take) : pipe.stream(take)
    for (const chunk of chunks) sink.push(chunk)
    sink.end()
  }
}

const chunks = logCorpus(size, known)
const bytes = sum(chunks)
const plain = chunks.map((chunk) => Buffer.from(chunk.toString('latin1').replace(/[^\n\x20-\x7e]/g, ' ')))
const inert = createInert()
const texts = chunks.map((chunk) => inert.push(chunk))

console.log(`${Math.round(bytes / 1e6)} MB of log text`)
measure('decode', bytes, () => {
  const decoder = createDecoder()
  for (const chunk of chunks) take(decoder.push(chunk))
})
measure('decode, make inert', bytes, () => {
  const sanitiser = createInert()
  for (const chunk of chunks) take(sanitiser.push(chunk))
})
measure('redact alone, 20 secrets', bytes, () => {
  const stream = createRedactor(store(20)).stream()
  for (const text of texts) take(stream.push(text))
  take(stream.end())
})
measure('the whole pipe, as a stream, 20 secrets', bytes, whole(chunks, { secrets: 20 }))
measure('the whole pipe, line by line, 20 secrets', bytes, whole(chunks, { secrets: 20, lines: true }))
measure('the whole pipe, line by line, no secret', bytes, whole(chunks, { secrets: 0, lines: true }))
measure('the same, of ASCII without colours', bytes, whole(plain, { secrets: 20, lines: true }))

console.log('\nlines that are made to be slow')
for (const [name, text] of Object.entries(slowLines())) {
  const made = Buffer.from(text)
  const parts = Array.from({ length: Math.ceil(made.length / 65_536) }, (_, n) =>
    made.subarray(n * 65_536, (n + 1) * 65_536),
  )
  measure(name, made.length, whole(parts, { secrets: 20, lines: true }))
}
if (characters === 0) throw new Error('nothing came out of the pipe')
