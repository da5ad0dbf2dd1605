import { formsOf } from './forms.ts'
import { secretMark } from './matcher.ts'

/** A text without the registered values in it, in any form of theirs; what only looks like a secret stays. */
export function hideKnown(text: string, known: readonly { name: string; value: string }[]): string {
  const forms = known.flatMap(({ name, value }) => {
    const { plain, base64 } = formsOf(value)
    return [...plain, ...base64].map((form) => ({ form, mark: secretMark(name) }))
  })
  // The longest first: a shorter form may be a part of it.
  forms.sort((a, b) => b.form.length - a.form.length)
  return forms.reduce((hidden, { form, mark }) => hidden.replaceAll(form, mark), text)
}
