import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBin, makePlace } from '../../src/demo/place.ts'
import { writeShims } from '../../src/demo/shims.ts'

const names = ['setsid', 'flock', 'sha256sum', 'stat', 'tail', 'curl', 'ss']
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sitrep-test-shims-')))
const bin = join(folder, 'bin')
makeBin(bin)
const place = makePlace(join(folder, 'home'), bin)

/** Runs a script on the host's PATH, or on the system's own. */
function sh(script: string, own = false) {
  const env = {
    ...place.env,
    PATH: own ? (place.env.PATH ?? '').replace(`${bin}:`, '') : (place.env.PATH ?? ''),
  }
  return execa('/bin/sh', ['-c', script], { cwd: place.cwd, env, extendEnv: false, reject: false, input: '' })
}

beforeAll(async () => {
  expect(await writeShims(bin, place, true)).toEqual(names)
  writeFileSync(join(place.cwd, 'a file'), 'one\ntwo\nthree', { mode: 0o640 })
  writeFileSync(join(place.cwd, 'empty'), '')
  mkdirSync(join(place.cwd, 'folder'))
  symlinkSync('a file', join(place.cwd, 'link'))
})

afterAll(() => rmSync(folder, { recursive: true }))

describe('stand-ins', () => {
  it('are written only for what the system lacks', async () => {
    const bare = makePlace(join(folder, 'bare'), join(folder, 'none'))
    expect(await writeShims(join(folder, 'none'), bare, false)).toEqual([])
    const empty = { ...bare, env: { ...bare.env, PATH: join(folder, 'nowhere') } }
    mkdirSync(join(folder, 'some'))
    expect(await writeShims(join(folder, 'some'), empty, false)).toHaveLength(7)
  })

  // Each line means the same to the system's own tool and to its stand-in.
  it.each([
    'sha256sum "a file" empty; sha256sum <empty; printf x | sha256sum',
    'sha256sum nothing folder; echo $?',
    'stat -c "%a %u %g %U %G %s %Y %n" "a file" folder; stat -c %F "a file" empty folder link',
    'stat -L -c "%F %s %A" link; stat -c "%A %h %i %N" link; stat --format=%a folder',
    'stat -c %a nothing; echo $?',
    'tail -n 1 "a file"; tail -n +2 "a file"; tail -c 3 "a file"; tail -c +5 "a file"; tail -n 0 "a file"',
    'tail -n 2 <"a file"; tail nothing; echo $?',
    'sleep 0.3 & tail --pid=$! -s 0.05 -n +1 -f "a file"; echo ended',
    'tail --pid=999999999 -c +1 -f "a file"; echo ended',
    'setsid sh -c "exit 3"; echo $?; setsid no-such-program 2>/dev/null; echo $?',
    'setsid sh -c \'[ "$(ps -o sid= -p $$ | tr -d " ")" = "$$" ] && echo own session\'',
    'setsid sleep 5 & p=$!; sleep 0.2; ps -o pid=,pgid= -p $p | { read a b; [ "$a" = "$b" ] && echo same id; }; kill $p',
    'exec 9>lock; flock -n 9 && echo mine; sh -c "exec 8>lock; flock -n 8 || echo taken"; flock -u 9',
    'flock -n lock sh -c "flock -n lock true; echo \\$?"; flock -n -E 9 lock false; echo $?; flock lock -c "echo c"',
    'flock lock sleep 0.4 & sleep 0.1; flock -w 0.1 lock true; echo $?; wait; flock -w 1 lock true; echo $?',
  ])('do as the real ones: %s', async (script) => {
    const [ours, theirs] = await Promise.all([
      sh(script.replaceAll('lock', 'lock-a')),
      sh(script.replaceAll('lock', 'lock-b'), true),
    ])
    const plain = (output: string) => output.replaceAll('lock-a', 'lock-b')
    expect({ out: plain(ours.stdout), err: plain(ours.stderr) }).toEqual({
      out: theirs.stdout,
      err: theirs.stderr,
    })
  })

  it('follow a file by its name through a rotation', async () => {
    const script = [
      'echo 1 >log; tail -F -n +1 log >seen 2>/dev/null & t=$!',
      'see() { i=0; until grep -q "$1" seen; do i=$((i+1)); [ $i -gt 100 ] && exit 9; sleep 0.05; done; }',
      'see 1; echo 2 >>log; see 2; mv log old; echo 3 >log; see 3; : >log; sleep 0.3; echo 4 >>log; see 4',
      'kill $t; cat seen',
    ]
    const { stdout, exitCode } = await sh(script.join('\n'))
    expect([exitCode, stdout]).toEqual([0, '1\n2\n3\n4'])
  })

  it('make the requests of the http action as curl does', async () => {
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      if (request.url === '/slow') return
      if (request.url === '/cut') return response.destroy()
      response.setHeader(
        'X-Saw',
        [
          request.method,
          request.headers.host,
          request.headers['x-a'],
          request.headers['content-type'],
          'end',
        ].join(' '),
      )
      response.sendDate = false
      response.writeHead(request.url === '/no' ? 404 : 200, {
        'Set-Cookie': ['a=1', 'b=2'],
        Connection: 'close',
      })
      response.end(`got ${body}`)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const common = 'globoff\nsilent\nshow-error\nproto = "=http,https"\nmax-time = "0.5"\ndump-header = "-"\n'
    const trailer = 'write-out = "%{stderr}trailer %{http_code} %{size_header}\\n"\n'
    const at = `url = "http://127.0.0.1:${port}`
    const configs = [
      `${at}/"\nrequest = "GET"\nheader = "Host: ops.example.net"\nheader = "X-A: \\"q\\" \\\\ t"`,
      `${at}/no"\nrequest = "POST"\nheader = "Content-Type: application/json"\ndata-raw = "{\\"a\\":1}"`,
      `${at}/"\nrequest = "POST"\nheader = "X-A;"\ndata-raw = "x=1"`,
      `${at}/"\nhead\noutput = "/dev/null"`,
      `url = "http://media.example.net/"\nrequest = "OPTIONS"\nconnect-to = "::127.0.0.1:${port}"`,
      `${at}/slow"\nrequest = "GET"`,
      `${at}/cut"\nrequest = "GET"`,
      'url = "http://127.0.0.1:1/"\nrequest = "GET"',
    ]
    const ask = async (config: string, own: boolean) => {
      const script = `curl -q -K - <<'END'\n${config}\n${common}${trailer}END`
      const { exitCode, stdout, stderr } = await sh(script, own)
      return { exitCode, stdout, trailer: /trailer .*/.exec(stderr)?.[0] }
    }
    try {
      for (const config of configs) {
        const [ours, theirs] = await Promise.all([ask(config, false), ask(config, true)])
        // A server that hangs up without a word: curl tells an empty reply apart from a reset.
        if (theirs.exitCode === 52) expect(ours.exitCode).toBe(56)
        else expect(ours).toEqual(theirs)
      }
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('tell the listening ports where lsof or netstat is there', async () => {
    const { stdout } = await sh('command -v lsof netstat | head -1')
    const listed = await sh('ss -Hltn')
    if (stdout === '') expect(listed.stderr).toContain('neither lsof nor netstat is here')
    else expect(listed.exitCode).toBe(0)
  })
})
