/*
 * What runs on the host at the other end of a lane: a POSIX loop that reads one order after the other from its channel.
 *
 *     R NONCE TEXT INPUT\n…    a text of TEXT bytes and an input of INPUT bytes: run with that input and no other, among
 *                              others; both its streams end with `NONCE:lane-exit STATUS`, then `NONCE:lane-free`
 *     P NONCE TEXT 0\n…        the same for a plain text of ours, without input, that leaves nothing in the background
 *     E NONCE TEXT 0\n…        a text of TEXT bytes: takes the channel over, and is the last
 *
 * `read` takes no byte beyond its line, but takes them one at a time (1 MB: 1.4 s), so a text is taken by `head -c`; where a
 * `head` reads ahead (busybox, BSD), by `dd`, which is slow and exact. A text ends with its nonce as a comment: one that was
 * torn is not run.
 *
 * What a read-only command printed comes through two `cat`. They end when the last process that has its streams is gone, so
 * that nothing which a command left in the background can write into the next one's output. The command's own stdin is
 * never the channel: a shell that reads ahead would take the next order for its own.
 */

/** How a host reads exactly so many bytes: by `head` where it takes no more than it is asked for. */
export type Taking = 'head' | 'dd'

const takes: Record<Taking, string> = {
  head: 'sr_take() { head -c "$1"; }; sr_h=head',
  dd: 'sr_take() { dd bs=1 count="$1" 2>/dev/null; }; sr_h=dd',
}

const tryHead = `if printf 'ab\\n' | { head -c 1 >/dev/null; read -r sr_x; [ "$sr_x" = b ]; } 2>/dev/null
then ${takes.head}; else ${takes.dd}; fi`

/**
 * The loop of one lane, as a body for lead.ts. Its first word on both streams is `NONCE:lane PGID TAKING`; a host that has said
 * how it takes bytes need not try again.
 */
export const laneText = (
  nonce: string,
  taking?: Taking,
): string => `${taking === undefined ? tryHead : takes[taking]}
printf '%s\\n' "${nonce}:lane $$ $sr_h"; printf '%s\\n' "${nonce}:lane $$ $sr_h" >&2
sr_say() { printf '%s\\n' "$sr_n:$1"; printf '%s\\n' "$sr_n:$1" >&2; }
while :; do
  # A bash with TMOUT set gives up a read after that time; its status is then above 128.
  IFS=' ' read -r sr_k sr_n sr_t sr_i || { [ $? -gt 128 ] && continue; exit 0; }
  sr_t=$(sr_take "$sr_t"); case $sr_t in *"#$sr_n") ;; *) exit 1 ;; esac
  case $sr_k in
  E) eval "$sr_t"; exit ;;
  P) (eval "$sr_t") </dev/null; sr_say "lane-exit $?"; sr_say lane-free; continue ;;
  esac
  if [ "$sr_i" -gt 0 ]; then sr_i=$(sr_take "$sr_i"); case $sr_i in *.) ;; *) exit 1 ;; esac; sr_i=\${sr_i%.}; else sr_i=; fi
  {
    {
      {
        # A shell tells on its own stderr of a child that a signal ended; that is no output of the command.
        exec 5>&2 2>/dev/null
        if [ -n "$sr_i" ]; then printf %s "$sr_i" | (exec 2>&5 5>&-; eval "$sr_t"); else (exec </dev/null 2>&5 5>&-; eval "$sr_t"); fi
        sr_c=$?; exec 2>&5 5>&-; sr_say "lane-exit $sr_c"
      } 2>&1 1>&3 3>&- 4>&- | cat >&4 4>&- 3>&-
    } 3>&1 | cat 4>&-
  } 4>&2
  sr_say lane-free
done`

/** An order that runs a text among others; the input is ASCII. A plain one has none. */
export function readOrder(o: { nonce: string; text: string; input: string; plain?: boolean }): string {
  const text = ended(o.text, o.nonce)
  if (o.plain === true) return `P ${o.nonce} ${Buffer.byteLength(text)} 0\n${text}`
  const input = o.input === '' ? '' : `${o.input}.`
  return `R ${o.nonce} ${Buffer.byteLength(text)} ${input.length}\n${text}${input}`
}

/** An order that gives the whole channel to a text. */
export function takeOrder(nonce: string, text: string): string {
  const whole = ended(text, nonce)
  return `E ${nonce} ${Buffer.byteLength(whole)} 0\n${whole}`
}

const ended = (text: string, nonce: string) => `${text}\n#${nonce}`
