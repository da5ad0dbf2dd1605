import { quote } from '../quote.ts'

/*
 * A job on the host, as one POSIX text with three uses of the same folder (protocol.md, "A job on the host").
 *
 *   start   `mkdir` of the folder decides: whoever made it starts the supervisor, all others attach. The supervisor runs in a
 *           session of its own with `out` and `err` as its streams, so a cut link costs it nothing but its stdin. It writes
 *           its pid and birth to `pgid`, runs the command, and leaves the status in `exit`.
 *   follow  prints what `out` and `err` hold beyond the given offsets until there is an `exit`, or until it can't come any
 *           more: the supervisor is dead, or the host was rebooted since (`boot`).
 *           The shell that follows ends when it is orphaned: its link is gone then.
 *   look    says which of these holds now.
 *
 * `exit` is written aside, over a block that was reserved before the start, and renamed: a disk that fills up in between
 * does not cost the exit code. A status without its line end is torn, and reads as unknown.
 */

const common = (nonce: string, id: string) => `N=${nonce}
say() { printf '%s\\n' "$N:$*" >&2; }
flat() { printf %s "$1" | tr '\\n' ' ' | cut -c 1-600; }
B=\${XDG_STATE_HOME:-$HOME/.local/state}/sitrep/jobs; D=$B/${quote(id)}
boot() { cat /proc/sys/kernel/random/boot_id 2>/dev/null || sysctl -n kern.boottime 2>/dev/null || echo none; }
born() {
  if read -r b 2>/dev/null <"/proc/$1/stat"; then b=\${b##*) }; set -- $b; [ "$1" = Z ] || printf %s "\${20}"
  elif [ ! -r /proc/self/stat ]; then ps -o lstart= -p "$1" 2>/dev/null | tr ' ' _; fi
}
alive() {
  read -r G S 2>/dev/null <"$D/pgid" || { W=$((W + 1)); [ -z "$S" ] && [ $W -lt 50 ]; return; }
  b=$(born "$G"); [ -n "$b" ] && [ "$b" = "$S" ]
}
orphan() {
  if read -r b 2>/dev/null </proc/$$/stat; then b=\${b##*) }; set -- $b; [ "$2" != $PPID ]; else ! kill -0 $PPID 2>/dev/null; fi
}
sizes() { wc -c <"$D/$1" 2>/dev/null || echo 0; }
outcome() {
  if [ -e "$D/exit" ]; then
    if read -r c x <"$D/exit" && [ -n "$c" ]; then say exit "$c"; else say torn-exit; fi
  elif [ "$(boot)" != "$(cat "$D/boot" 2>/dev/null)" ]; then say reboot
  elif [ ! -s "$D/pgid" ]; then say never
  elif { printf probe >"$D/probe"; } 2>/dev/null; then say gone; else say full; fi
  rm -f -- "$D/probe"
}
W=0 S=
`

/** The supervisor: `$1` is the folder, `$2` the umask of the login. Traps keep it alive past a TERM that ends its command. */
const supervisor = (commandText: string) => `D=$1
trap : TERM INT HUP
if read -r b 2>/dev/null </proc/$$/stat; then b=\${b##*) }; set -- "$1" "$2" $b; b=\${22}; else b=$(ps -o lstart= -p $$ | tr ' ' _); fi
printf '%s %s\\n' $$ "$b" >"$D/pgid.new" && mv -f -- "$D/pgid.new" "$D/pgid" || exit 1
# A shell tells on its own stderr of a child that a signal ended; that is no output of the command.
exec 5>&2 2>/dev/null
(exec 2>&5 5>&-; umask "$2"; set --
${commandText}
)
c=$?
printf '%-3s\\n' $c 1<>"$D/exit.new" && mv -f -- "$D/exit.new" "$D/exit"`

const followText = (from: { stdout: number; stderr: number }) => `o=${from.stdout} e=${from.stderr} t=0
while :; do
  fin=1; [ -e "$D/exit" ] || { alive && fin=; }
  n=$(sizes out) m=$(sizes err)
  if [ $((n)) -gt $o ]; then tail -c +$((o + 1)) "$D/out" | head -c $((n - o)); o=$((n)); fi
  if [ $((m)) -gt $e ]; then tail -c +$((e + 1)) "$D/err" | head -c $((m - e)) >&2; e=$((m)); fi
  [ -n "$fin" ] && break
  orphan && exit 0
  t=$((t + 1)); if [ $t -lt 10 ]; then sleep 0.02; elif [ $t -lt 40 ]; then sleep 0.05; else sleep 0.2; fi 2>/dev/null || sleep 1
done
outcome`

/** Shell text that starts a job, or attaches where its folder is there already, and follows it to its end. */
export function startText(o: {
  nonce: string
  id: string
  /** The command as wrap.ts makes it; the supervisor runs it. */
  commandText: string
  /** For people and for doctor: the command as a person would type it. */
  shown: string
  as: string | undefined
}): string {
  const launch = `sh -c ${quote(supervisor(o.commandText))} sitrep "$D" "$U"`
  return `${common(o.nonce, o.id)}
U=$(umask); umask 077
x=$(mkdir -p -- "$B" 2>&1) && x=$(chmod 700 -- "$B" 2>&1) || { say nofolder "$(flat "$x")"; exit 1; }
if x=$(mkdir -- "$D" 2>&1); then
  x=$({ boot >"$D/boot" && printf '%s\\n' ${quote(o.shown)} >"$D/command" && printf '%s\\n' "$N" ${quote(o.as ?? '')} >"$D/mark" &&
    printf '%-3s\\n' '' >"$D/exit.new" && : >"$D/err" && : >"$D/out"; } 2>&1) ||
    { y=$(echo probe | LC_ALL=C cat 2>&1 >"$D/probe"); rm -rf -- "$D"; say nofolder "$(flat "\${y:-$x}")"; exit 1; }
  exec 3<&0
  if command -v setsid >/dev/null 2>&1; then setsid ${launch} <&3 3<&- >>"$D/out" 2>>"$D/err" &
  elif command -v perl >/dev/null 2>&1; then
    perl -MPOSIX -e 'POSIX::setsid(); exec @ARGV' ${launch} <&3 3<&- >>"$D/out" 2>>"$D/err" &
  else set -m; ${launch} <&3 3<&- >>"$D/out" 2>>"$D/err" & set +m; fi
  exec </dev/null 3<&-
  # Only with a session of its own is the job out of reach of what ends this channel.
  n=0; while [ ! -s "$D/pgid" ] && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.01 2>/dev/null || sleep 1; done
  say fresh
elif [ -d "$D" ]; then ${attached}
else say nofolder "$(flat "$x")"; exit 1; fi
${followText({ stdout: 0, stderr: 0 })}`
}

const attached = `{ read -r M; read -r A; } 2>/dev/null <"$D/mark"; say attached "$M $A"`

/** Between `mkdir` and the supervisor's first word lies a moment; a look waits it out, at most 2 s. */
const awaitText =
  'n=0; while [ -d "$D" ] && [ ! -s "$D/pgid" ] && [ $n -lt 20 ]; do n=$((n + 1)); sleep 0.1 || sleep 1; done'

/** Shell text that attaches to a job and follows it from these offsets; `none` where there is none. */
export function attachText(o: {
  nonce: string
  id: string
  from: { stdout: number; stderr: number }
}): string {
  return `${common(o.nonce, o.id)}
[ -d "$D" ] || { say none; exit 0; }
${attached}
${followText(o.from)}`
}

/** Shell text that looks at a job once: `none`, `running`, or its outcome with the first bytes of what it printed. */
export function lookText(o: { nonce: string; id: string; limit: number }): string {
  return `${common(o.nonce, o.id)}
[ -d "$D" ] || { say none; exit 0; }
${attached}
${awaitText}; W=50
if [ ! -e "$D/exit" ] && alive && [ ! -e "$D/exit" ]; then say running; exit 0; fi
say sizes "$(sizes out) $(sizes err)"
head -c ${o.limit} "$D/out"; head -c ${o.limit} "$D/err" >&2
outcome`
}

/** Shell text that prints the process group of a job while it is alive. */
export function groupText(o: { nonce: string; id: string }): string {
  return `${common(o.nonce, o.id)}
{ read -r M; read -r A; } 2>/dev/null <"$D/mark"
${awaitText}
read -r G S 2>/dev/null <"$D/pgid" && [ "$(boot)" = "$(cat "$D/boot" 2>/dev/null)" ] && say group "$G $A"`
}

/** Shell text that removes a job's folder. */
export function removeText(o: { nonce: string; id: string }): string {
  return `${common(o.nonce, o.id)}
rm -rf -- "$D"`
}
