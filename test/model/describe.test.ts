import { describe, expect, it } from 'vitest'
import { describeChange, describeCommand } from '../../src/model/describe.ts'

describe('describeCommand', () => {
  it('shows a command as a person would type it, with secrets as marks', () => {
    const shown = describeCommand({
      argv: ['pm2', 'start', "it's here", '-f'],
      cwd: '/opt/my app',
      as: 'app',
      env: { PORT: '3002' },
      secrets: { TOKEN: { secret: 'token' } },
    })
    expect(shown).toBe(
      "cd '/opt/my app' && sudo -u app env PORT=3002 TOKEN=‹secret:token› pm2 start 'it'\\''s here' -f",
    )
    expect(describeCommand({ argv: ['nginx', '-t'], env: { A: '' } })).toBe("A='' nginx -t")
  })

  it('says what a script of ours does, in the words of a person', () => {
    expect(describeCommand({ argv: ['sh', '-c', '…'], as: 'root', shown: 'systemctl reload caddy' })).toBe(
      'sudo -u root systemctl reload caddy',
    )
  })
})

describe('describeChange', () => {
  it('names the user, the source and the backup of a replaced file', () => {
    const put = { path: '/etc/a', expect: '0'.repeat(64), backup: '/etc/a.bak' }
    const copy = { copy: '/srv/a', sha256: '1'.repeat(64) }
    expect(describeChange({ say: '', as: 'root', put: { ...put, content: copy } })).toBe(
      'as root: replace /etc/a with /srv/a, former file kept as /etc/a.bak',
    )
    expect(
      describeChange({ say: '', put: { ...put, content: { edits: [{ key: 'A', value: '1' }] } } }),
    ).toContain('keys A')
    expect(describeChange({ say: '', put: { ...put, content: { local: 'x', sha256: '' } } })).toContain(
      'x of this machine',
    )
  })

  it('is one line for each other kind, and nothing for a question', () => {
    expect(describeChange({ say: '', remove: { path: '/a b', expect: '' } })).toBe("rm -- '/a b'")
    expect(describeChange({ say: '', link: { path: '/cur', target: '/r/1', expect: 'absent' } })).toBe(
      'ln -sfn -- /r/1 /cur',
    )
    expect(describeChange({ say: '', local: { argv: ['true'] } })).toBe('(on this machine) true')
    expect(describeChange({ say: '', ask: { question: 'done?' } })).toBeUndefined()
  })
})
