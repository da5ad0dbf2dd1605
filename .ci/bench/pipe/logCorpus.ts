// Log text as hosts print it, always the same for the same seed: access logs, JSON logs, PM2's output with its colours,
// stack traces; some of it not ASCII, some secrets, and many harmless words such as key, token, pass.

/** A generator of numbers that gives the same ones on each run (mulberry32). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** Values such as people register: tokens, passwords with special characters, a URL's password, a key of some lines. */
export function benchSecrets(count: number): { name: string; value: string }[] {
  const next = random(20)
  const word = (length: number) =>
    Array.from({ length }, () => letters[Math.floor(next() * letters.length)]).join('')
  const shapes = [
    () => word(32),
    () => word(40),
    () => `${word(5)}!${word(4)}/$${word(3)}`,
    () => `${word(20)}-${word(12)}`,
    () => word(10),
  ]
  return Array.from({ length: count }, (_, n) => ({
    name: `SECRET_${n}`,
    value: shapes[n % shapes.length]!(),
  }))
}

/** About `size` bytes of log text, in chunks of 64 KiB, as a channel delivers them. */
export function logCorpus(size: number, secrets: readonly { value: string }[], seed = 7): Buffer[] {
  const next = random(seed)
  const below = (most: number) => Math.floor(next() * most)
  const of = <T>(list: readonly T[]): T => list[below(list.length)]!
  const hex = (length: number) => Array.from({ length }, () => '0123456789abcdef'[below(16)]).join('')
  const time = () =>
    `2026-11-20T22:${String(below(60)).padStart(2, '0')}:${String(below(60)).padStart(2, '0')}.${String(below(1000)).padStart(3, '0')}Z`
  const paths = [
    '/api/v1/orders',
    '/health',
    '/static/app.3f2a.js',
    '/auth/token/refresh',
    '/keys/public',
    '/api/passengers',
    '/search?q=keyboard',
    '/login?next=/account',
    '/api/v1/sessions/me',
    '/assets/monkey.png',
  ]
  const agents = [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    'curl/8.5.0',
    'kube-probe/1.31',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148',
  ]
  const says = [
    'request completed',
    'cache key not found, loading from primary',
    'token refreshed',
    'passing through to upstream',
    'connected to redis',
    'job finished',
    'retrying after backoff',
    'session token expired, asking for a new one',
    'database pool has 3 idle connections',
    'user signed in',
    'secret rotation is scheduled',
    'slow query',
  ]
  const access = () =>
    `10.0.${below(255)}.${below(255)} - - [20/Nov/2026:22:${10 + below(49)}:${10 + below(49)} +0000] "${of(['GET', 'POST', 'PUT'])} ${of(paths)} HTTP/1.1" ${of([200, 200, 200, 304, 404, 502])} ${below(90_000)} "https://core.example.com${of(paths)}" "${of(agents)}"`
  const json = () =>
    `{"level":${of([20, 30, 30, 40, 50])},"time":"${time()}","pid":${below(60_000)},"hostname":"core-${below(4)}","reqId":"${hex(16)}","key":"user:${below(9999)}","tokenType":"access","url":"${of(paths)}","status":${of([200, 500])},"ms":${below(900)},"msg":"${of(says)}"}`
  const pm2 = () =>
    `${of(['\x1b[32m', '\x1b[33m', ''])}0|core-bac | ${time()}: ${of(says)} (worker ${below(8)})${of(['\x1b[39m', '\x1b[0m', ''])}`
  const trace = () =>
    [
      `Error: ${of(says)}`,
      `    at Object.verify (/opt/core/backend/node_modules/jsonwebtoken/verify.js:${below(300)}:${below(60)})`,
      `    at /opt/core/backend/src/keys/${of(['store', 'tokens', 'index'])}.js:${below(300)}:${below(60)}`,
      '    at process.processTicksAndRejections (node:internal/process/task_queues:103:5)',
      `    at async handle (file:///opt/core/backend/src/server.js:${below(300)}:${below(60)})`,
    ].join('\n')
  const foreign = () =>
    `${time()} WARN Bestellung „${below(999)}“ für Köln verzögert — 停電のため ✓ ${of(says)}`
  const leak = () =>
    of([
      () => `DB_PASSWORD=${of(secrets).value}`,
      () => `Authorization: Bearer ${of(secrets).value}`,
      () => `{"msg":"login","password":"${hex(12)}"}`,
      () => `connecting to postgres://core:${hex(10)}@db:5432/core`,
      () => `token ${Buffer.from(`core:${of(secrets).value}`).toString('base64')}`,
    ])()
  const kinds = [
    [38, access],
    [36, json],
    [14, pm2],
    [8, trace],
    [3, foreign],
    [1, leak],
  ] as const
  const bag = kinds.flatMap(([share, make]) => Array.from({ length: share }, () => make))
  const chunks: Buffer[] = []
  let text = ''
  let rest = Buffer.alloc(0)
  for (let made = 0; made < size; ) {
    for (text = ''; text.length < 262_144; ) text += `${of(bag)()}\n`
    rest = Buffer.concat([rest, Buffer.from(text)])
    for (; rest.length >= 65_536; rest = rest.subarray(65_536)) {
      chunks.push(Buffer.from(rest.subarray(0, 65_536)))
      made += 65_536
    }
  }
  return chunks
}
