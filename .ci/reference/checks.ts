import { parse } from 'yaml'
import type { CheckKind } from '../../src/model/check.ts'
import { parameters } from './actions.ts'
import { fence, head, indent, page } from './markdown.ts'

const intro = `What a check can look at. A check names its kind by its key; see [Writing runbooks](../writing-runbooks.md#checks).
An *observe* may run at any time. A *probe* has effects: it runs only before the first step and after the last, with approval.`

/** docs/reference/checks.md. */
export function checksPage(kinds: readonly CheckKind[]): string {
  return page(head('Checks', 'src/checks', intro), ...kinds.map(section))
}

function section(check: CheckKind): string {
  const { kind, summary, example } = check
  const effect = check.effect(check.params.parse(parse(example)))
  return page(
    `## ${kind}`,
    `${summary} The example is ${effect === 'observe' ? 'an' : 'a'} *${effect}*.`,
    parameters(check, check.shellText),
    fence('yaml', `- id: example\n  title: An example\n  ${kind}:\n${indent(example, 4)}`),
  ).trimEnd()
}
