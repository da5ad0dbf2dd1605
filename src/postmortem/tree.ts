// The few kinds of nodes that a postmortem is made of. Outside text only ever becomes the value of a text or code
// node: what may not stand there as it is, is escaped by the one who writes the tree as Markdown or HTML.
import type {
  BlockContent,
  Code,
  Heading,
  InlineCode,
  Link,
  List,
  ListItem,
  Paragraph,
  PhrasingContent,
  RootContent,
  Strong,
  Table,
  Text,
} from 'mdast'

type Inline = PhrasingContent | string

/** Text in one line, whatever line ends it holds. */
export function text(value: string): Text {
  return { type: 'text', value: harmless(value.replace(/\s*\n\s*/g, ' ')) }
}

export function strong(value: string): Strong {
  return { type: 'strong', children: [text(value)] }
}

/** A word of code within a line; text where it would be empty. */
export function inlineCode(value: string): InlineCode | Text {
  const line = harmless(value.replace(/\s*\n\s*/g, ' ').trim())
  return line === '' ? text('') : { type: 'inlineCode', value: line }
}

export function paragraph(...children: Inline[]): Paragraph {
  return { type: 'paragraph', children: children.map(inline) }
}

export function heading(depth: Heading['depth'], ...children: Inline[]): Heading {
  return { type: 'heading', depth, children: children.map(inline) }
}

/** A block of code; the writer chooses a fence that its text can't close. */
export function code(value: string, lang?: string): Code {
  return { type: 'code', value: harmless(value.replace(/\n+$/, '')), ...(lang === undefined ? {} : { lang }) }
}

/** A list of lines, or of lines with blocks under them. */
export function list(
  items: readonly (Inline[] | BlockContent[])[],
  o: { checked?: (index: number) => boolean } = {},
): List {
  return {
    type: 'list',
    ordered: false,
    spread: false,
    children: items.map((item, index): ListItem => {
      const first = item[0]
      const blocks = typeof first === 'object' && first.type === 'paragraph'
      const children = blocks ? (item as BlockContent[]) : [paragraph(...(item as Inline[]))]
      return {
        type: 'listItem',
        spread: false,
        ...(o.checked ? { checked: o.checked(index) } : {}),
        children,
      }
    }),
  }
}

/** A table; a cell is one line of inline nodes. */
export function table(head: readonly string[], rows: readonly (readonly (Inline | Inline[])[])[]): Table {
  const row = (cells: readonly (Inline | Inline[])[]): Table['children'][number] => ({
    type: 'tableRow',
    children: cells.map((cell) => ({
      type: 'tableCell',
      children: (Array.isArray(cell) ? cell : [cell]).map(inline),
    })),
  })
  return { type: 'table', align: head.map(() => null), children: [row(head), ...rows.map(row)] }
}

/** A link to a heading of this document; never to an address from outside. */
export function linkTo(anchor: string, label: string): Link {
  return { type: 'link', url: `#${anchor}`, children: [text(label)] }
}

const section = Symbol.for('sitrep.section')
type InSection = RootContent & { [section]?: string }

/** Marks blocks as one generated section: an export puts its markers around them. What is in no section is the author's from then on. */
export function inSection(name: string, nodes: RootContent[]): RootContent[] {
  for (const node of nodes as InSection[]) node[section] = name
  return nodes
}

/** The section that a block belongs to. */
export function sectionOf(node: RootContent): string | undefined {
  return (node as InSection)[section]
}

/** A line that a person has to write. It stands outside of the sections, so that what is written stays. */
export function todo(what: string): Paragraph {
  return paragraph(`TODO: ${what}`)
}

function inline(node: Inline): PhrasingContent {
  return typeof node === 'string' ? text(node) : node
}

/** Text from outside can't pass for one of our markers, not even inside a block of code. */
function harmless(value: string): string {
  return value.replaceAll('<!-- sitrep:', '‹!-- sitrep:')
}
