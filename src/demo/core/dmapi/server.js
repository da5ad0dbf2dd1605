const { list, loadEnv } = require('../src/env.js')
const { verifyToken } = require('../src/jwt.js')
const { reply, serve } = require('../src/serve.js')

loadEnv()

const env = process.env
const keySetUrl = env.CORE_JWKS_URL ?? 'http://127.0.0.1:3002/.well-known/jwks.json'
const issuer = env.JWT_ISSUER ?? 'https://core.example.net'
const audiences = ['dailey-media-api', ...list(env.CORE_APP_ID), ...list(env.CORE_AUDIENCE)]

async function fetchKeySet() {
  const answer = await fetch(keySetUrl, { signal: AbortSignal.timeout(2000) })
  if (!answer.ok) throw new Error(`key set answered ${answer.status}`)
  return answer.json()
}

/** Gives the reason to refuse a request, or nothing when its token is good. */
async function refusal(request) {
  const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1]
  if (!token) return 'no token'
  try {
    const payload = verifyToken(token, await fetchKeySet())
    if (payload.iss !== issuer) return 'issuer not allowed'
    return [payload.aud].flat().some((aud) => audiences.includes(aud)) ? undefined : 'audience not allowed'
  } catch (error) {
    return error.message
  }
}

async function items(request, response) {
  const reason = await refusal(request)
  if (reason === undefined) return reply(response, 200, { items: [{ id: 1, title: 'First upload' }] })
  console.error(`GET /api/items refused: ${reason}`)
  reply(response, 401, { error: reason })
}

serve({
  name: 'dmapi',
  host: env.HOST ?? '127.0.0.1',
  port: Number(env.PORT ?? 4100),
  started: ` (audiences ${audiences.join(', ')})`,
  routes: {
    'GET /health': (_request, response) => reply(response, 200, { status: 'ok' }),
    'GET /api/core/health': (_request, response) => reply(response, 200, { status: 'ok' }),
    'GET /api/items': items,
  },
})
