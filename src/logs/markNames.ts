/** What the marks `‹redacted:…›` say: the shapes' names, and that of a key's block. */
const names = [
  'jwt',
  'authorization',
  'bearer',
  'basic',
  'cookie',
  'password',
  'aws-key',
  'github-token',
  'gitlab-token',
  'slack-token',
  'webhook',
  'stripe-key',
  'webhook-secret',
  'google-key',
  'google-token',
  'api-key',
  'huggingface-token',
  'npm-token',
  'pypi-token',
  'sendgrid-key',
  'vault-token',
  'digitalocean-token',
  'telegram-token',
  'age-key',
  'value',
  'private-key',
  'databricks-token',
] as const

export type MarkName = (typeof names)[number]

const all = new Set<string>(names)

/** True for a name that a mark of ours may have. */
export function isMarkName(name: string): name is MarkName {
  return all.has(name)
}
