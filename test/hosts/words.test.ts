import { expect, it } from 'vitest'
import { hostWords } from '../../src/hosts/errors.ts'
import { sudoProblem } from '../../src/hosts/sudo/problem.ts'

it('fault 24: what a host said is handed on as it is, for the pipe to know a secret in it', () => {
  const secret = `two  blanks\tand\u200b${'x'.repeat(400)}`
  expect(hostWords(` said: ${secret}\n`)).toBe(`said: ${secret}`)
  expect(sudoProblem(Buffer.from(`sudo: ${'y'.repeat(5000)}${secret}: command not found\n`))).toBe(
    `sudo: ${'y'.repeat(5000)}${secret}: command not found`,
  )
})
