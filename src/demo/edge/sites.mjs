/** Gives the names of a Caddyfile's site blocks; throws with the line where its braces or names are wrong. */
export function sitesOf(text) {
  const sites = []
  let depth = 0
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/(^|\s)#.*$/, '').trim()
    if (line.endsWith('{')) {
      if (depth === 0) sites.push(...names(line.slice(0, -1), index + 1))
      depth += 1
    } else if (line === '}') {
      depth -= 1
    }
    if (depth < 0) throw new Error(`line ${index + 1}: a brace is closed that was never opened`)
  }
  if (depth > 0) throw new Error(`${depth} brace${depth === 1 ? ' is' : 's are'} never closed`)
  return sites
}

function names(text, line) {
  const found = text.split(/[,\s]+/).filter(Boolean)
  const odd = found.find((name) => !/^[a-z0-9.-]+(:\d+)?$/.test(name))
  if (odd) throw new Error(`line ${line}: ${odd} is not a site name`)
  return found.map((name) => name.replace(/:\d+$/, ''))
}
