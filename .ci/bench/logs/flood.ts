// Writes a log at a rate, paced by the clock: `node flood.ts FILE LINES_A_SECOND SECONDS`.
import { appendFileSync } from 'node:fs'

const [file = '', rate = '0', seconds = '0'] = process.argv.slice(2)
const total = Number(rate) * Number(seconds)
const began = performance.now()
let written = 0
const timer = setInterval(() => {
  const due = Math.min(total, Math.floor(((performance.now() - began) / 1000) * Number(rate)))
  const at = new Date().toISOString()
  let text = ''
  for (; written < due; written++)
    text += `${at} INFO [http] GET /api/v1/orders/${written} 200 in ${written % 97} ms, client 10.0.${written % 256}.7\n`
  appendFileSync(file, text)
  if (written >= total) clearInterval(timer)
}, 5)
