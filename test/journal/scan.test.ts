import { generateKeyPairSync } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSecretStore } from '../../src/hosts/secrets.ts'
import { storeArtifact } from '../../src/journal/artifacts.ts'
import { type Place, scanText } from '../../src/journal/scan/text.ts'
import { scanIncident, secretsNamed } from '../../src/journal/scan.ts'
import { createPipe } from '../../src/logs/pipe.ts'
import { recordStory, tempDir, testJournal } from './setup.ts'

const at = '2026-11-20T22:16:00.000Z'
const token = 'correct-horse-battery'

/** The rules of today with one value registered. */
function rules() {
  const store = createSecretStore()
  store.register('TOKEN', 'env:TOKEN', token)
  return createPipe(store)
}

async function put(dir: string, file: string, content: string | Uint8Array) {
  await mkdir(dirname(join(dir, file)), { recursive: true })
  await writeFile(join(dir, file), content)
}

describe('scan', () => {
  it('finds nothing in a clean story, whose artifacts, logs and exports went through the pipe', async () => {
    const dir = await tempDir()
    const pipe = rules()
    await recordStory(dir, pipe.deep)
    await storeArtifact(dir, pipe.text(`export TOKEN=${token}\nCookie: a=b\n`))
    await put(dir, 'postmortem.md', `| ‹secret:TOKEN› | ‹redacted:jwt› |`)
    expect(await scanIncident(dir, rules())).toEqual({ found: [], problems: [] })
  })

  it('names the event and field, or the file and line, and never the value', async () => {
    const dir = await tempDir()
    const journal = await testJournal(dir)
    const { id } = await journal.append('note.added', { text: `it is ${token}`, at })
    const ran = { host: 'h', command: 'env', endedBy: 'exit', exitCode: 0, ms: 1, stderr: '' }
    const second = await journal.append('command.ran', { ...ran, stdout: 'DB_PASSWORD=swordfish9' })
    const { sha256 } = await storeArtifact(dir, `one\ntwo ${token}\nthree\n${token}\n`)
    await put(dir, 'logs/h-pm2-x/1.log.gz', gzipSync(`${'x\n'.repeat(99_999)}${token}\n`))
    await put(dir, 'logs/h-pm2-x/2.log', `Authorization: Bearer ${'a1B2'.repeat(10)}\n`)
    await put(dir, 'journal/ana.torn-1', `{"text":"${token}`)
    await put(dir, 'postmortem.md', `# P\n\n${token}\n`)
    await put(dir, 'artifacts/broken.gz', Buffer.from([0x1f, 0x8b, 1, 2, 3]))
    const { found, problems } = await scanIncident(dir, rules())
    const secret = { kind: 'secret:TOKEN' }
    expect(found).toEqual(
      expect.arrayContaining([
        { ...secret, event: id, type: 'note.added', field: 'data.text' },
        {
          kind: expect.stringMatching(/^redacted:/),
          event: second.id,
          type: 'command.ran',
          field: 'data.stdout',
        },
        { ...secret, file: `artifacts/${sha256}.gz`, line: 2, lines: 2 },
        { ...secret, file: 'logs/h-pm2-x/1.log.gz', line: 100_000, lines: 1 },
        { kind: expect.stringMatching(/^redacted:/), file: 'logs/h-pm2-x/2.log', line: 1, lines: 1 },
        { ...secret, file: 'journal/ana.torn-1', line: 1, lines: 1 },
        { ...secret, file: 'postmortem.md', line: 3, lines: 1 },
      ]),
    )
    expect(found).toHaveLength(7)
    expect(problems).toEqual([{ file: 'artifacts/broken.gz', reason: expect.any(String) }])
    expect(JSON.stringify(found)).not.toMatch(/correct-horse|swordfish/)
  })

  it('names keys of data as cleaned, and knows which secrets the incident names', async () => {
    const dir = await tempDir()
    const journal = await testJournal(dir)
    await journal.append('secret.registered', { name: 'TOKEN', source: 'env:TOKEN' })
    const ran = { host: 'h', state: 'ready', files: { [token]: [token] } }
    const path = join(dir, 'journal', `${journal.writer}.jsonl`)
    const record = await journal.append('note.added', { text: 'x', at })
    // Of a later version: its data has a form that this one does not know.
    await writeFile(path, `${JSON.stringify({ ...record, type: 'later', data: ran })}\n`, { flag: 'a' })
    const { found } = await scanIncident(dir, rules())
    expect(found.map(({ field }) => field)).toEqual(['data.files', 'data.files.‹secret:TOKEN›[0]'])
    expect(await secretsNamed(dir)).toEqual([{ name: 'TOKEN', source: 'env:TOKEN' }])
  })

  it('a value is found on its line after any chunking, also across blocks and in one long line', async () => {
    const { text } = rules()
    const line = fc.oneof(
      fc.constant('plain text of a line'),
      fc.nat(60_000).map((length) => 'word '.repeat(length / 5)),
      fc.constant(`so: ${token};`),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 100, max: 50_000 }),
        async (lines, size) => {
          const bytes = Buffer.from(lines.join('\n'))
          const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
            bytes.subarray(n * size, (n + 1) * size),
          )
          const places: Place[] = []
          await scanText(Readable.from(chunks), text, (place) => places.push(place))
          const wanted = lines.flatMap((one, index) => (one.includes(token) ? [index + 1] : []))
          expect(places.map((place) => place.line)).toEqual(wanted)
        },
      ),
      { numRuns: process.env.SITREP_FULL ? 300 : 25 },
    )
    const places: Place[] = []
    const long = `${'word '.repeat(60_000)}${token} ${'word '.repeat(60_000)}`
    await scanText(Readable.from([Buffer.from(`\n${long}\n`)]), text, (place) => places.push(place))
    expect(places).toEqual([{ line: 2, kind: 'secret:TOKEN' }])
  })

  it('a private key of many lines is found where it begins', async () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const rsa = `-----BEGIN RSA PRIVATE KEY-----\n${`${'Ab1+'.repeat(16)}\n`.repeat(25)}-----END RSA PRIVATE KEY-----\n`
    for (const [secret, before] of [
      [key, 3],
      [rsa, 100],
    ] as const) {
      const places: Place[] = []
      const text = `${'a line\n'.repeat(before)}${secret}${'a line\n'.repeat(500)}`
      await scanText(Readable.from([Buffer.from(text)]), rules().text, (place) => places.push(place))
      expect(places[0]).toMatchObject({ line: before + 1, kind: expect.stringContaining('redacted:') })
    }
  })
})
