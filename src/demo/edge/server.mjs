// The practice proxy: reads a Caddyfile's site blocks, answers 308 for a host that has one and 404 for any other,
// and reads the file again on SIGHUP. It ends with its parent, whose pipe is its stdin.
// Arguments: the configuration file, and a file that it writes its process id and port to.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { sitesOf } from './sites.mjs'

const [config, stateFile] = process.argv.slice(2)
let sites = sitesOf(readFileSync(config, 'utf8'))

function log(level, message) {
  console.log(JSON.stringify({ ts: new Date().toISOString(), level, msg: message }))
}

process.on('SIGHUP', () => {
  try {
    sites = sitesOf(readFileSync(config, 'utf8'))
    log('info', `configuration loaded: ${sites.length} sites`)
  } catch (error) {
    log('error', `configuration refused, the old one stays: ${error.message}`)
  }
})

const server = createServer((request, response) => {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '')
  const known = sites.includes(host)
  if (known) response.writeHead(308, { Location: `https://${host}${request.url}` })
  else response.writeHead(404, { 'Content-Type': 'text/plain' })
  response.end(known ? undefined : 'no such site\n')
  log(known ? 'info' : 'warn', `${request.method} ${host}${request.url} ${known ? 308 : 404}`)
})

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  log('info', `edge listening on 127.0.0.1:${port} with ${sites.length} sites`)
  writeFileSync(`${stateFile}.new`, `${process.pid} ${port}\n`)
  renameSync(`${stateFile}.new`, stateFile)
})

process.stdin.on('end', () => process.exit(0)).resume()
