const { createPublicKey, createPrivateKey, createSecretKey, sign, verify } = require('node:crypto')
const { readFileSync } = require('node:fs')
const { resolve } = require('node:path')

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))

/**
 * Reads the RSA signing key. Without one it falls back to a plain secret, which RS256 refuses at every login:
 * the service starts and looks healthy all the same.
 */
function loadSigningKey(file) {
  if (file) {
    try {
      return createPrivateKey(readFileSync(resolve(process.cwd(), file)))
    } catch (error) {
      console.error(`JWT key not loaded: ${error.message}`)
    }
  }
  return createSecretKey(Buffer.from('not-a-signing-key'))
}

/** Signs a payload with RS256, refusing a key that is not RSA in the words of the jsonwebtoken package. */
function signToken(payload, key, kid) {
  if (key.type !== 'private' || key.asymmetricKeyType !== 'rsa') {
    throw new Error('secretOrPrivateKey must be an asymmetric key when using RS256')
  }
  const body = `${encode({ alg: 'RS256', typ: 'JWT', kid })}.${encode(payload)}`
  return `${body}.${sign('sha256', Buffer.from(body), key).toString('base64url')}`
}

/** Gives the public half of the signing key as a JSON Web Key Set, or nothing when there is no RSA key. */
function publicKeySet(key, kid) {
  if (key.type !== 'private') return undefined
  const jwk = createPublicKey(key).export({ format: 'jwk' })
  return { keys: [{ ...jwk, kid, use: 'sig', alg: 'RS256' }] }
}

/** Verifies an RS256 token against a key set and gives its payload; throws with the reason otherwise. */
function verifyToken(token, keySet) {
  const parts = String(token).split('.')
  if (parts.length !== 3) throw new Error('malformed token')
  const header = decode(parts[0])
  const jwk = keySet.keys.find((key) => key.kid === header.kid)
  if (!jwk || header.alg !== 'RS256') throw new Error('unknown signing key')
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  const body = Buffer.from(`${parts[0]}.${parts[1]}`)
  if (!verify('sha256', body, key, Buffer.from(parts[2], 'base64url'))) throw new Error('bad signature')
  const payload = decode(parts[1])
  if (payload.exp * 1000 < Date.now()) throw new Error('token expired')
  return payload
}

module.exports = { loadSigningKey, signToken, publicKeySet, verifyToken }
