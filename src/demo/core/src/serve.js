const { createServer } = require('node:http')

/** Answers with JSON, or with no body where there is none to send. */
function reply(response, status, body, headers = {}) {
  const type = body === undefined ? {} : { 'Content-Type': 'application/json' }
  response.writeHead(status, { ...type, ...headers })
  response.end(body === undefined ? undefined : JSON.stringify(body))
}

/** Reads a request's JSON body, at most 64 KiB of it. */
async function readJson(request) {
  let text = ''
  for await (const chunk of request) {
    text += chunk
    if (text.length > 65536) throw new Error('body too large')
  }
  return JSON.parse(text || '{}')
}

/**
 * Serves a table of routes (`'GET /path'` to a handler) with a short access log, ends quickly on SIGTERM and
 * SIGINT, and exits 1 with a clear message when the address can't be had.
 */
function serve({ name, host, port, routes, started = '' }) {
  const server = createServer((request, response) => {
    const begun = Date.now()
    const path = request.url.split('?')[0]
    response.on('finish', () => {
      console.log(`${request.method} ${path} ${response.statusCode} ${Date.now() - begun}ms`)
    })
    const handler = routes[`${request.method} ${path}`]
    if (!handler) return reply(response, 404, { error: 'not found' })
    Promise.resolve(handler(request, response)).catch((error) => {
      console.error(`${request.method} ${path}: ${error.message}`)
      if (response.headersSent) response.destroy()
      else reply(response, 400, { error: 'bad request' })
    })
  })
  server.on('error', (error) => {
    const why = error.code === 'EADDRINUSE' ? `${host}:${port} is already in use` : error.message
    console.error(`${name}: cannot listen: ${why}`)
    process.exit(1)
  })
  server.listen(port, host, () =>
    console.log(`${name} listening on ${host}:${server.address().port}${started}`),
  )
  const stop = () => {
    server.close(() => process.exit(0))
    server.closeAllConnections()
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  return server
}

module.exports = { serve, reply, readJson }
