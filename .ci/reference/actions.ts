import { parse } from 'yaml'
import type { z } from 'zod'
import type { Action } from '../../src/model/action.ts'
import { editorSchema } from '../../src/runbook/jsonSchema.ts'
import { fieldsOf, type Json } from './fields.ts'
import { code, fence, head, indent, page, table } from './markdown.ts'

const intro = `What a step can do. A step names its action with \`uses\` and its parameters with \`with\`; see
[Writing runbooks](../writing-runbooks.md). How to choose among them stands in [Actions](../actions.md).

**Risk** decides how a step is approved: \`observe\` runs by itself, \`change\` and \`interrupt\` ask. **Settle** is how long the
verification must hold, **within** how long it may take to come, both in seconds; a step may say others. **On failure** is what
follows a failed change or verification where the step does not say. What an action wants to itself on the host is named here; this
version does not lock it yet. A parameter that is *shell text* is run by \`sh -c\`:
values are put into it as quoted words, secrets as variables.`

/** docs/reference/actions.md. */
export function actionsPage(actions: readonly Action[]): string {
  const list = table(
    ['action', 'what it does', 'risk'],
    actions.map((action) => [
      `[${code(action.name)}](#${action.name.replaceAll('.', '')})`,
      action.summary,
      riskOf(action),
    ]),
  )
  return page(head('Actions', 'src/actions', intro), list, ...actions.map(section))
}

function section(action: Action): string {
  const { name, summary, settle = 0, within = 0, onFail = 'stop', shellText } = action
  const step = `- id: example\n  title: An example\n  uses: ${name}\n  with:\n${indent(action.example, 4)}`
  const locks = action.locks(exampleOf(action)).map(code)
  return page(
    `## ${name}`,
    summary,
    [
      `Risk: ${riskOf(action)}. Settle: ${settle} s. Within: ${within} s. On failure: ${onFail}.`,
      ...(locks.length === 0 ? [] : [`What the example wants to itself on the host: ${locks.join(', ')}.`]),
    ].join('\n'),
    parameters(action, shellText),
    fence('yaml', step),
  ).trimEnd()
}

function riskOf(action: Action): string {
  if (typeof action.risk === 'string') return code(action.risk)
  return `by its parameters (the example: ${code(action.risk(exampleOf(action)))})`
}

function exampleOf({ params, example }: Action): unknown {
  return params.parse(parse(example))
}

/** The table of an action's or check's parameters. */
export function parameters(
  { params }: Pick<Action, 'params'>,
  shellText: readonly string[] | undefined,
): string {
  const rows = fieldsOf(editorSchema(params) as Json).map(({ path, type, required, description }) => {
    const preset = presetOf(params, path)
    return [
      code(path),
      shellText?.includes(path) === true
        ? `shell text${type.includes('list') ? ', or a list of words' : ''}`
        : type,
      required ? 'required' : preset === undefined ? '' : code(preset),
      description,
    ]
  })
  return table(['parameter', 'type', 'default', 'what it is'], rows)
}

/** The default of a parameter, from the schema itself: JSON schema leaves it out where a transform follows. */
function presetOf(params: z.ZodType, name: string): unknown {
  const { shape } = params as unknown as { shape?: Record<string, z.ZodType> }
  const field = shape?.[name] as { def?: { type: string; defaultValue?: unknown } } | undefined
  return field?.def?.type === 'default' ? field.def.defaultValue : undefined
}
