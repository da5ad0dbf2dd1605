import { describe, expect, it } from 'vitest'
import { runbookJsonSchema } from '../../src/runbook/jsonSchema.ts'
import { kinds } from './kinds.ts'

// biome-ignore lint/suspicious/noExplicitAny: a JSON document of any shape
type Json = any

describe('the JSON schema for editors', () => {
  const schema = runbookJsonSchema(kinds) as Json
  const { then: include, else: step } = schema.properties.steps.items

  it('has the keys of a runbook and of a step, and no others', () => {
    expect(Object.keys(schema.properties)).toEqual([
      'runbook',
      'title',
      'description',
      'symptoms',
      'params',
      'vars',
      'hosts',
      'logs',
      'checks',
      'steps',
    ])
    expect(schema.required).toEqual(['runbook', 'title', 'steps'])
    expect(schema.additionalProperties).toBe(false)
    expect(step.required).toEqual(['id', 'title', 'uses'])
    expect(include.required).toEqual(['include'])
  })

  it("has each action's parameters by its name", () => {
    expect(step.properties.uses.anyOf.map(({ const: name }: Json) => name)).toEqual(
      kinds.actions.map(({ name }) => name),
    )
    const pm2 = step.allOf.find((rule: Json) => rule.if.properties.uses.const === 'pm2.restart').then
      .properties.with
    expect(pm2.required).toEqual(['name', 'cwd'])
    expect(pm2.properties.port.anyOf).toEqual([
      { type: 'integer', minimum: 1, maximum: 65535 },
      expect.objectContaining({ type: 'string' }),
    ])
    expect(pm2.properties.env.additionalProperties.type).toEqual(['string', 'number', 'boolean'])
  })

  it('lets a template stand where another type or a form is wanted', () => {
    const pm2 = step.allOf.find((rule: Json) => rule.if.properties.uses.const === 'pm2.restart').then
      .properties.with
    const accepts = (text: string) =>
      pm2.properties.cwd.anyOf.some(({ pattern }: Json) => new RegExp(pattern, 'u').test(text))
    expect(accepts('/opt')).toBe(true)
    expect(accepts('{{ params.dir }}/x')).toBe(true)
    expect(accepts('relative')).toBe(false)
  })

  it('has each kind of check and log', () => {
    const text = JSON.stringify(schema.properties.checks)
    for (const { summary } of kinds.checks)
      expect(text).toContain(JSON.stringify({ description: summary }).slice(1, -1))
    expect(JSON.stringify(schema.properties.logs)).toContain('"pm2"')
    expect(text).toContain('"http"')
  })

  it('is plain JSON', () => {
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema)
  })
})
