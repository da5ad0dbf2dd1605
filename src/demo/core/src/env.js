const { readFileSync } = require('node:fs')
const { resolve } = require('node:path')

const LINE = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*?)\s*$/

/** Parses the text of a `.env` file into its keys and values. */
function parseEnv(text) {
  const values = {}
  for (const line of text.split(/\r?\n/)) {
    const match = LINE.exec(line)
    if (match) values[match[1]] = unquote(match[2])
  }
  return values
}

function unquote(raw) {
  const quoted = /^(['"`])([\s\S]*)\1/.exec(raw)
  if (!quoted) return raw.replace(/\s+#.*$/, '')
  return quoted[1] === '"' ? quoted[2].replace(/\\n/g, '\n') : quoted[2]
}

/**
 * Loads `.env` of the working directory into the environment, as dotenv does: what is already set stays, and a
 * missing file is silent. That silence is the outage of the practice run.
 */
function loadEnv() {
  let text
  try {
    text = readFileSync(resolve(process.cwd(), '.env'), 'utf8')
  } catch {
    return false
  }
  for (const [key, value] of Object.entries(parseEnv(text))) process.env[key] ??= value
  return true
}

/** Splits a comma separated environment value. */
function list(value) {
  return (value ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)
}

module.exports = { loadEnv, parseEnv, list }
