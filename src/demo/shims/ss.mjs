// ss -ltn[pH]: the listening TCP sockets, as `lsof` or `netstat` of macOS tells them.
import { spawnSync } from 'node:child_process'

const quiet = process.argv
  .slice(2)
  .some((argument) => /^-[a-zA-Z]*H/.test(argument) || argument === '--no-header')
if (!quiet) console.log('State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process')

const lsof = spawnSync('lsof', ['-nP', '-iTCP', '-sTCP:LISTEN', '-F', 'pcn'], { encoding: 'utf8' })
if (lsof.error) {
  const netstat = spawnSync('netstat', ['-an', '-p', 'tcp'], { encoding: 'utf8' })
  if (netstat.error) {
    console.error('ss: neither lsof nor netstat is here')
    process.exit(1)
  }
  for (const line of netstat.stdout.split('\n')) {
    const fields = line.trim().split(/\s+/)
    if (fields.at(-1) !== 'LISTEN') continue
    print(fields[3].replace(/\.(\d+)$/, ':$1'))
  }
} else {
  let pid = ''
  let name = ''
  for (const line of lsof.stdout.split('\n')) {
    if (line.startsWith('p')) pid = line.slice(1)
    else if (line.startsWith('c')) name = line.slice(1)
    else if (line.startsWith('n')) print(line.slice(1), `users:(("${name}",pid=${pid},fd=0))`)
  }
}

function print(address, users = '') {
  const local = address.replace(/^\*:/, '0.0.0.0:')
  console.log(`LISTEN 0      511    ${local} 0.0.0.0:* ${users}`.trimEnd())
}
