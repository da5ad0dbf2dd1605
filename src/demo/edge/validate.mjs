// Checks a configuration file as `caddy validate` would: exit 0 and a line on stdout, or 1 and the reason on stderr.
import { readFileSync } from 'node:fs'
import { sitesOf } from './sites.mjs'

try {
  console.log(`valid: ${sitesOf(readFileSync(process.argv[2], 'utf8')).length} sites`)
} catch (error) {
  console.error(`invalid: ${error.message}`)
  process.exit(1)
}
