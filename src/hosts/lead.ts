import { SitrepError } from '../model/errors.ts'
import { quote } from './quote.ts'

/*
 * The way in: `exec sh -c LEAD sitrep BODY`. The login shell, whatever it is, reads three quoted words and is gone; a POSIX
 * sh reads BODY. sshd makes it the leader of its own session; where something else did not, LEAD mends it, so that its pid
 * is the process group that a cancel ends.
 */
const lead = `if read -r s 2>/dev/null </proc/$$/stat; then s=\${s##*) }; set -- "$1" $s; g=$4
else g=$(ps -o pgid= -p $$ 2>/dev/null); fi
if [ "$((g))" = $$ ]; then eval "$1"
elif command -v setsid >/dev/null 2>&1; then exec setsid sh -c "$1"
elif command -v perl >/dev/null 2>&1; then exec perl -MPOSIX -e 'POSIX::setsid(); exec @ARGV' sh -c "$1"
else eval "$1"; fi`

/** Linux gives one argument at most 128 KiB. */
const longest = 127 * 1024

/** The line that runs a shell text on the host, to be given to the user's login shell. */
export function leadIn(body: string): string {
  const line = `exec sh -c ${quote(lead)} sitrep ${quote(body)}`
  if (Buffer.byteLength(line) > longest) {
    throw new SitrepError('usage', `a command is too long: ${Buffer.byteLength(line)} bytes`, {
      next: 'give long text on its stdin',
    })
  }
  return line
}

/** Opens both streams of a channel with the process group: what stands before is not the command's. */
export const beginText = (nonce: string): string =>
  `printf '%s\\n' "${nonce}:begin $$"; printf '%s\\n' "${nonce}:begin $$" >&2`
