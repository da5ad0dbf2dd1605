import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** One fenced block of a page, with the line that its text begins in. */
export interface Block {
  page: string
  line: number
  language: string
  text: string
}

/** The pages that people read: README and everything in docs/. */
export function pages(): { page: string; text: string }[] {
  const files = ['README.md', ...globSync('docs/**/*.md', { cwd: root }).toSorted()]
  return files.map((page) => ({ page, text: readFileSync(join(root, page), 'utf8') }))
}

/** The fenced blocks of every page. */
export function blocks(): Block[] {
  return pages().flatMap(({ page, text }) =>
    [...text.matchAll(/^```(\w*)\n(.*?)\n```$/gms)].map(({ 1: language = '', 2: inside = '', index }) => ({
      page,
      line: text.slice(0, index).split('\n').length + 1,
      language,
      text: inside,
    })),
  )
}
