/** Long lines in which every pattern of the pipe begins again and again, or has much to look back over. */
export function slowLines(length = 500_000): Record<string, string | Buffer> {
  const full = (text: string) => text.repeat(Math.ceil(length / text.length)).slice(0, length)
  return {
    'no blank at all': full('x'),
    'names without values': full('key='),
    'values in values': full('token:'),
    'quotes that never close': full(`a_token="b_token='c_token=\``),
    'schemes without hosts': full('://'),
    'half a DSN': full('a:@tcp('),
    'half a JWT': full('eyJaaaaa.'),
    'authorization without one': full(`authorization: ${' '.repeat(200)}`),
    'cookies without values': `cookie: ${full('a; ')}`,
    'curl without a user': full('curl -u a '),
    'begins of keys': full('-----BEGIN PRIVATE KEY-----'),
    'marks that nobody set': full('‹secret:'),
    'a key that is none': `-----BEGIN PRIVATE KEY-----\n${full(`${'n'.repeat(30_000)}!\n`)}`,
    'cut control sequences': full('\x1b['),
    'strings in strings': full('\x1b]'),
    'backspaces in a long line': `${'y'.repeat(60_000)}${full('x\b')}`,
    'carriage returns': full('x\r'),
    newlines: full('\n'),
    'bidi controls': full('\u202e'),
    'combining marks': full('e\u0301'),
    'bytes that are no text': Buffer.alloc(length, 0xff),
  }
}
