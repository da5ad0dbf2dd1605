import type { Root, RootContent } from 'mdast'
import { gfmToMarkdown } from 'mdast-util-gfm'
import { toMarkdown as writeMarkdown } from 'mdast-util-to-markdown'
import type { Incident } from '../model/incident.ts'
import { type Piece, writePieces } from './markers.ts'
import type { Template } from './template.ts'
import { sectionOf } from './tree.ts'

/** The postmortem as Markdown (GFM), with its markers; the same incident gives the same bytes. */
export function renderPostmortem(incident: Incident, template: Template): string {
  return toMarkdown(template.build(incident))
}

/** A document tree as Markdown, its generated sections between markers. */
export function toMarkdown(root: Root): string {
  return writePieces(toPieces(root))
}

/** A document tree as its generated sections and what stands between them. */
export function toPieces(root: Root): Piece[] {
  const groups: { name: string | undefined; nodes: RootContent[] }[] = []
  for (const node of root.children) {
    const name = sectionOf(node)
    const last = groups.at(-1)
    if (last && last.name === name) last.nodes.push(node)
    else groups.push({ name, nodes: [node] })
  }
  return groups.map(({ name, nodes }) => {
    const text = write(nodes)
    return name === undefined ? { text } : { name, content: text }
  })
}

// Fences instead of indentation, so that a line of the text can't be taken for something else; and no padding of tables,
// so that one long cell does not change every row.
const extensions = [gfmToMarkdown({ tablePipeAlign: false })]

function write(children: RootContent[]): string {
  return writeMarkdown(
    { type: 'root', children },
    { extensions, bullet: '-', fences: true, rule: '-', listItemIndent: 'one', resourceLink: true },
  ).replace(/\n+$/, '')
}
