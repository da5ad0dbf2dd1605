const { randomUUID } = require('node:crypto')
const { list, loadEnv } = require('./env.js')
const { loadSigningKey, publicKeySet, signToken } = require('./jwt.js')
const { readJson, reply, serve } = require('./serve.js')

loadEnv()

const env = process.env
const key = loadSigningKey(env.JWT_PRIVATE_KEY_FILE)
const kid = env.JWT_ACTIVE_KID ?? 'default'
const allowedOrigins = list(env.ALLOWED_ORIGINS)

/** The one place that decides about CORS: an origin that is not listed gets no header at all. */
function cors(request) {
  const origin = request.headers.origin
  if (!origin || !allowedOrigins.includes(origin)) return {}
  return { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' }
}

function preflight(request, response) {
  reply(response, 204, undefined, {
    ...cors(request),
    'Access-Control-Allow-Methods': 'GET,POST,OPTIONS',
    'Access-Control-Allow-Headers': 'content-type,authorization',
  })
}

async function login(request, response) {
  const { username, password, app_id: appId } = await readJson(request)
  if (!username || !password) {
    return reply(response, 401, { error: 'invalid credentials' }, cors(request))
  }
  const now = Math.floor(Date.now() / 1000)
  try {
    const token = signToken(
      {
        sub: username,
        aud: appId ?? env.JWT_AUDIENCE ?? 'dailey-media-api',
        iss: env.JWT_ISSUER ?? 'https://core.example.net',
        iat: now,
        exp: now + 3600,
        jti: randomUUID(),
      },
      key,
      kid,
    )
    reply(response, 200, { access_token: token, token_type: 'Bearer', expires_in: 3600 }, cors(request))
  } catch (error) {
    console.error(`Login error: ${error}`)
    reply(response, 500, { error: 'internal error' }, cors(request))
  }
}

serve({
  name: 'core',
  host: env.BIND_ADDR ?? '127.0.0.1',
  port: Number(env.PORT ?? 3002),
  started: ` (${env.NODE_ENV ?? 'development'})`,
  routes: {
    'GET /health': (_request, response) => reply(response, 200, { status: 'ok' }),
    'OPTIONS /auth/login': preflight,
    'POST /auth/login': login,
    'GET /.well-known/jwks.json': (_request, response) => {
      const keySet = publicKeySet(key, kid)
      reply(response, keySet ? 200 : 500, keySet ?? { error: 'no signing key' })
    },
  },
})
