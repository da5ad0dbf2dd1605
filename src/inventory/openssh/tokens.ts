/** What the tokens of OpenSSH's values stand for. */
export interface Tokens {
  /** `%n`: the name as it was given. */
  name: string
  /** `%h` */
  address: string
  /** `%p` */
  port: number
  /** `%r` */
  user: string
  /** `%d` and a leading `~` */
  home: string
  /** `%u` */
  localUser: string
  /** `%l` */
  localHost: string
  /** `%k` where it is not the name. */
  alias?: string
  env: Readonly<Record<string, string | undefined>>
}

/** A token that can't be filled in; the message says which. */
export class UnknownToken extends Error {
  override name = 'UnknownToken'
}

const filler: Record<string, (tokens: Tokens) => string> = {
  '%': () => '%',
  n: ({ name }) => name,
  h: ({ address }) => address,
  p: ({ port }) => String(port),
  r: ({ user }) => user,
  d: ({ home }) => home,
  u: ({ localUser }) => localUser,
  i: () => String(process.getuid?.() ?? ''),
  l: ({ localHost }) => localHost,
  L: ({ localHost }) => localHost.replace(/\..*/, ''),
  k: ({ alias, name }) => alias ?? name,
}

/** A value with its `%` tokens filled in; `allowed` are the letters that OpenSSH takes there. Throws UnknownToken. */
export function fillTokens(text: string, tokens: Tokens, allowed = '%nhprduilLk'): string {
  return text.replace(/%(.?)/gs, (token, letter: string) => {
    const fill = allowed.includes(letter) && letter !== '' ? filler[letter] : undefined
    if (fill === undefined) throw new UnknownToken(`${token} can not be filled in`)
    return fill(tokens)
  })
}

/** A path of OpenSSH's configuration: `~`, `${NAME}` and tokens filled in. Throws UnknownToken. */
export function fillPath(text: string, tokens: Tokens): string {
  if (/^~[^/]/.test(text)) throw new UnknownToken(`the folder of another user (${text}) can not be filled in`)
  const named = text.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = tokens.env[name]
    if (value === undefined) throw new UnknownToken(`\${${name}} is not set`)
    return value
  })
  return fillTokens(named.replace(/^~(?=\/|$)/, tokens.home.replaceAll('%', '%%')), tokens)
}
