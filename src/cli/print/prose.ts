import stringWidth from 'string-width'

/** A sentence as lines of at most 80 columns, indented by two; a word that is longer stands alone. */
export function prose(text: string, paint: (line: string) => string = (line) => line): string[] {
  const lines: string[] = []
  for (const word of text.split(/[ \n]+/)) {
    const last = lines.at(-1)
    if (last !== undefined && stringWidth(last) + 1 + stringWidth(word) <= 78)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines.map((line) => `  ${paint(line)}`)
}
