// Writes the last column of docs/security.md's table of cases from the names of the tests: `fault 45: …`.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const page = join(root, 'docs/security.md')

/** Gives the test files that name each case. */
export function testsByCase(): Map<number, string[]> {
  const found = new Map<number, string[]>()
  for (const file of globSync('test/**/*.test.{ts,tsx}', { cwd: root }).toSorted()) {
    const text = readFileSync(join(root, file), 'utf8')
    // A title, not a comment: "fault 4:" or "faults 4 and 5:" at the beginning of a name.
    for (const [, numbers = ''] of text.matchAll(/['"`]faults? (\d+(?:(?:, | and |, and )\d+)*)\b/g)) {
      for (const number of new Set(numbers.split(/\D+/).map(Number))) {
        const files = found.get(number) ?? []
        if (!files.includes(file)) found.set(number, [...files, file])
      }
    }
  }
  return found
}

/** The page as it stands, and as the tests say that it should. */
export function securityPage(): { now: string; wanted: string } {
  const now = readFileSync(page, 'utf8')
  const tests = testsByCase()
  const wanted = now.replace(/^\| (\d+) \| (.*) \| .* \|$/gm, (_row, number: string, what: string) => {
    const files = (tests.get(Number(number)) ?? []).map((file) => `\`${file}\``)
    return `| ${number} | ${what} | ${files.join(', ') || 'none yet'} |`
  })
  return { now, wanted }
}

if (import.meta.main) writeFileSync(page, securityPage().wanted)
