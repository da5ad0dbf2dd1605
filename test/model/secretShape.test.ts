import { describe, expect, it } from 'vitest'
import { isSecretKey, isSecretSetting, looksSecret } from '../../src/model/secretShape.ts'

describe('by the name of the key', () => {
  it.each([
    'DB_PASSWORD',
    'DB_PASS',
    'JWT_PRIVATE_KEY',
    'jwtSecret',
    'API_TOKEN',
    'CORE_TOKEN',
    'STRIPE_SECRET_KEY',
    'apiKey',
    'SMTP_PWD',
    'S3_SECRET_ACCESS_KEY',
    'SENTRY_DSN',
    'SLACK_WEBHOOK',
  ])('%s is secret', (key) => {
    expect(isSecretKey(key)).toBe(true)
  })
  it.each([
    'DB_HOST',
    'PORT',
    'JWT_PRIVATE_KEY_FILE',
    'JWT_ACTIVE_KID',
    'JWT_ISSUER',
    'SESSION_COOKIE_SECURE',
    'TOKEN_TTL',
    'PASSWORD_MIN_LENGTH',
    'CORE_APP_ID',
    'ALLOWED_ORIGINS',
    'NODE_ENV',
    'COMPASS',
    'KEYBOARD',
    'CORE_JWKS_URL',
  ])('%s is not', (key) => {
    expect(isSecretKey(key)).toBe(false)
  })
})

describe('by the shape of the value', () => {
  it.each([
    '-----BEGIN RSA PRIVATE KEY-----\nabc',
    'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln',
    'postgres://core:hunter2@db/core',
    `ghp_${'a1B2'.repeat(9)}`,
    'AKIAIOSFODNN7EXAMPLE',
    '9f86d081884c7d659a2feaa0c55ad015',
    'q7Zt2LmX9vKc4RbW8nHd5JfA',
  ])('%s looks secret', (value) => {
    expect(looksSecret(value)).toBe(true)
  })
  it.each([
    'production',
    '127.0.0.1',
    'https://core.example.net',
    'ca7c3e96-b8cd-4fa9-8222-30ead3b95186',
    '/opt/core/backend/keys/jwt.pem',
    '1',
    'core-backend-production-eu-west-1',
    'a'.repeat(40),
  ])('%s does not', (value) => {
    expect(looksSecret(value)).toBe(false)
  })
})

it("a step's own lists come first", () => {
  expect(isSecretSetting('PORT', '1', { secret: ['PORT'] })).toBe(true)
  expect(isSecretSetting('API_TOKEN', 'x', { public: ['API_TOKEN'] })).toBe(false)
  expect(isSecretSetting('API_TOKEN', 'x', { public: ['API_TOKEN'], secret: ['API_TOKEN'] })).toBe(true)
  expect(isSecretSetting('X', 'postgres://a:b@c/d')).toBe(true)
})
