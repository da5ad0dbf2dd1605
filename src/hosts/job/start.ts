import type { LockText } from '../lock/text.ts'
import { quote } from '../quote.ts'
import { attached, common, followText, streaming } from './text.ts'

/**
 * The supervisor: `$1` is the folder. It says `up` on descriptor 6 once it is in a session of its own, and closes it when the
 * status is written, or when it is killed: whoever started it waits for that, and polls nothing. Its reader may be gone; that
 * must not end it by PIPE. Descriptor 7 holds the job's lock (lock/text.ts). Traps keep it alive past a TERM that ends its
 * command. None of this is the command's.
 */
const supervisor = (commandText: string, hold: string) => `D=$1
trap : TERM INT HUP
trap '' PIPE
if read -r b 2>/dev/null </proc/$$/stat; then b=\${b##*) }; set -- $b; b=\${20}; else b=$(ps -o lstart= -p $$ | tr ' ' _); fi
printf '%s %s\\n' $$ "$b" >"$D/pgid" || exit 1
${hold}
echo up >&6
trap - PIPE
# A shell tells on its own stderr of a child that a signal ended; that is no output of the command.
exec 5>&2 2>/dev/null
(exec 2>&5 5>&- 6>&- 7<&-; set --
# A sudo may outlive the TERM that is sent to all: whoever waits for it does, too.
trap : TERM INT HUP
${commandText}
)
c=$?
printf '%-3s\\n' $c 1<>"$D/exit.new" && mv -f -- "$D/exit.new" "$D/exit"`

/**
 * Shell text that starts a job, or attaches where its folder is there already, and follows it to its end. Its first part takes
 * the lock, makes the folder and starts the supervisor; its second part, at the other end of a pipe, follows. So no shell
 * that goes on after the start holds the lock.
 */
export function startText(o: {
  nonce: string
  id: string
  /** The command as wrap.ts makes it; the supervisor runs it. */
  commandText: string
  /** For people and for doctor: the command as a person would type it. */
  shown: string
  as: string | undefined
  lock?: LockText
}): string {
  const launch = 'sh -c "$V" sitrep "$D"'
  const streams = `<&3 3<&- >>"$D/out" 2>>"$D/err"`
  const { take, hold } = o.lock ?? { take: '', hold: '' }
  return `${common(o.nonce, o.id)}
{
  exec 6>&1 1>&2
  if [ ! -d "$B" ]; then x=$(mkdir -p -m 700 -- "$B" 2>&1) || { say nofolder "$(flat "$x")"; exit 1; }; fi
  if [ ! -d "$D" ]; then :
${take}
  fi
  if x=$(mkdir -m 700 -- "$D" 2>&1); then
    boot
    { printf '%s\\n' "$K" >"$D/boot" && printf '%s\\n' ${quote(o.shown)} >"$D/command" && printf '%s\\n' "$N" ${quote(o.as ?? '')} >"$D/mark" &&
      printf '%-3s\\n' '' >"$D/exit.new" && printf '' >"$D/err" && printf '' >"$D/out"; } 2>/dev/null ||
      { y=$(echo probe | LC_ALL=C cat 2>&1 >"$D/probe"); rm -rf -- "$D"; say nofolder "$(flat "\${y:-$D can not be written}")"; exit 1; }
    exec 3<&0
    V=${quote(supervisor(o.commandText, hold))}
    if command -v setsid >/dev/null 2>&1; then setsid ${launch} ${streams} &
    elif command -v perl >/dev/null 2>&1; then perl -MPOSIX -e 'POSIX::setsid(); exec @ARGV' ${launch} ${streams} &
    else set -m; ${launch} ${streams} & set +m; fi
  elif [ -d "$D" ]; then echo attach >&6
  else say nofolder "$(flat "$x")"; fi
} | {
  # Only with a session of its own is the job out of reach of what ends this channel.
  read -r x
  if [ "$x" = attach ]; then
    ${attached}
    ${followText({ stdout: 0, stderr: 0 })}
  elif [ -e "$D/out" ]; then
    say fresh
    ${streaming}
    {
      trap 'over=1' TERM
      Q=; read -r b 2>/dev/null </proc/self/stat && { b=\${b##*) }; set -- $b; Q=$2; }
      stream || { [ -z "$Q" ] || kill $Q; }
    } &
    P=$!
    read -r x
    kill -s TERM $P 2>/dev/null
    # One that was ended before it began has printed nothing.
    wait $P 2>/dev/null || pour
    outcome
  fi
}`
}
