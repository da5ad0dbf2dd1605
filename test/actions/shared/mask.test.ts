import { describe, expect, it } from 'vitest'
import { backupPath } from '../../../src/actions/shared/backup.ts'
import { showDiff } from '../../../src/actions/shared/diff.ts'
import { maskKeys, maskLines } from '../../../src/actions/shared/mask.ts'

describe('maskLines', () => {
  it.each([
    ['DB_PASSWORD=hunter22', 'DB_PASSWORD=‹hidden›'],
    ['  "apiKey": "abcdef123",', '  "apiKey": ‹hidden›,'],
    ["+export JWT_SECRET='a b c'", '+export JWT_SECRET=‹hidden›'],
    ['\tauth_token s3cretvalue', '\tauth_token ‹hidden›'],
    ['url: postgres://app:pa55word@db/x', 'url: postgres://app:‹hidden›@db/x'],
    ['bob $2a$14$Zkx19XLiW6VYouLHR5NmfOFU0z2GTNmpkT', 'bob ‹hidden›'],
    ['header X ghp_0123456789012345678901', 'header X ‹hidden›'],
  ])('hides the value of %s', (line, shown) => {
    expect(maskLines(line)).toBe(shown)
  })

  it.each([
    'SESSION_COOKIE_SECURE=1',
    'JWT_PRIVATE_KEY_FILE=/opt/core/key.pem',
    'password {$DB_PASSWORD}',
    'token = ${TOKEN}',
    'reverse_proxy 127.0.0.1:8012',
    'http://portal.example.org {',
    'secret: <from the vault>',
    'url: https://example.org:8443/a@b',
  ])('shows %s', (line) => {
    expect(maskLines(line)).toBe(line)
  })

  it('tells what it hid, but not what is too short to be told apart', () => {
    const told: [string, string][] = []
    maskLines('A_TOKEN="longer value"\nB_TOKEN=abc', (...one) => void told.push(one))
    expect(told).toEqual([['A_TOKEN', 'longer value']])
  })

  it('hides private keys as a whole', () => {
    const key = 'a\n-----BEGIN RSA PRIVATE KEY-----\nMIIabc\ndef\n-----END RSA PRIVATE KEY-----\nb'
    expect(maskKeys(key)).not.toContain('MIIabc')
    expect(maskKeys(key)).toMatch(/^a\n.*\n‹hidden›\n.*\nb$/)
  })
})

describe('showDiff', () => {
  const bytes = (text: string) => Buffer.from(text)

  it('shows a file that appears or loses its final newline', () => {
    const made = showDiff({ label: '/a', absent: true }, { label: '/b', bytes: bytes('x') })
    expect(made.unified).toBe('--- /dev/null\n+++ /b\n@@ -0,0 +1,1 @@\n+x\n\\ No newline at end of file\n')
    const gone = showDiff({ label: '/a', bytes: bytes('x\n') }, { label: '/b', absent: true })
    expect(gone.unified).toContain('-x')
  })

  it('shows that a hidden value changed', () => {
    const { unified } = showDiff(
      { label: '/a', bytes: bytes('PASSWORD=first-one\n') },
      { label: '/b', bytes: bytes('PASSWORD=second-one\n') },
    )
    expect(unified).toContain('-PASSWORD=‹hidden›\n+PASSWORD=‹hidden›\n')
  })

  it('says why it shows nothing', () => {
    const text = { label: '/a', bytes: bytes('x') }
    expect(showDiff(text, { label: '/b' }).hidden).toBe('larger than 256 KiB')
    expect(showDiff(text, { label: '/b', bytes: Buffer.from([0xff, 0xfe, 0x41]) }).hidden).toBe('binary')
  })
})

describe('backupPath', () => {
  it.each([
    ['/etc/caddy/Caddyfile', '/etc/caddy/Caddyfile.sitrep-S'],
    ['/etc/hosts', '/etc/hosts.sitrep-S'],
    ['/etc/nginx/conf.d/a.conf', '/etc/nginx/conf.d.a.conf.sitrep-S'],
    ['/etc/nginx/sites-enabled/default', '/etc/nginx/sites-enabled.default.sitrep-S'],
    ['/etc/caddy/sites/a', '/etc/caddy/sites.a.sitrep-S'],
    ['/top', '/top.sitrep-S'],
  ])('%s → %s', (path, backup) => {
    expect(backupPath(path, 'S')).toBe(backup)
  })
})
