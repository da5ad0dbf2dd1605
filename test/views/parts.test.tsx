import { render } from 'ink-testing-library'
import { describe, expect, it } from 'vitest'
import { Line, Lines } from '../../views/parts/Line.tsx'

describe('Line, the only part that prints text from outside', () => {
  it('prints a row, cut to its width with a mark', () => {
    const { lastFrame } = render(
      <Line row={['restart ', ['would change', 'warn'], ' and more than fits']} width={24} />,
    )
    expect(lastFrame()).toBe('restart would change an…')
  })

  it.each([
    ['a clipboard write', '\u001b]52;c;cm0gLXJm\u0007after'],
    ['a link that holds one', '\u001b]8;;\u001b]52;c;eA==\u0007\u001b\\after\u001b]8;;\u001b\\'],
    ['an unterminated OSC', '\u001b]0;title after'],
    ['colours and a cleared screen', '\u001b[8m\u001b[2Jafter'],
    ['C1 controls and a carriage return', '\u009b31m\rafter'],
    ['bidi and zero-width characters', '\u202eafter\u200b'],
  ])('fault 10: lets no byte of %s through', (_, text) => {
    const { lastFrame } = render(<Line row={[text]} width={60} />)
    const frame = lastFrame() ?? ''
    expect(frame).toContain('after')
    expect(frame).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b\u202e]/)
  })

  it('counts wide characters by the columns they take', () => {
    const { lastFrame } = render(<Line row={['日本語のログ行']} width={7} />)
    expect(lastFrame()).toBe('日本語…')
  })
})

describe('Lines', () => {
  it('is exactly as high as it was told, with blank rows for what is missing', () => {
    const rows = Array.from({ length: 9 }, (_, n) => [`row ${n}`])
    expect(render(<Lines rows={rows} width={20} height={3} />).lastFrame()).toBe('row 0\nrow 1\nrow 2')
    expect(
      render(<Lines rows={[['one']]} width={20} height={2} />)
        .lastFrame()
        ?.split('\n'),
    ).toHaveLength(2)
  })
})
