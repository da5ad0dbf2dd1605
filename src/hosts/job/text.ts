import { quote } from '../quote.ts'

/*
 * A job on the host, as POSIX texts over the same folder (protocol.md, "A job on the host").
 *
 *   start   (start.ts) `mkdir` of the folder decides: whoever made it starts the supervisor, all others attach. The supervisor
 *           runs in a session of its own with `out` and `err` as its streams, so a cut link costs it nothing but its stdin. It
 *           writes its pid and birth to `pgid`, runs the command, and leaves the status in `exit`.
 *   attach  prints what `out` and `err` hold beyond the given offsets until there is an `exit`, or until it can't come any
 *           more: the supervisor is dead, or the host was rebooted since (`boot`).
 *   look    says which of these holds now.
 *   claim   takes the id of a job that is not there by making its folder, with `0 0` for its pid: nothing can start under it.
 *   list    (list.ts) says it of all jobs.
 *
 * Whatever follows a job ends when it is orphaned: its link is gone then. `exit` is written aside, over a block that was
 * reserved before the start, and renamed: a disk that fills up in between does not cost the exit code. A status without its
 * line end is torn, and reads as unknown.
 */

/** Where the jobs of a user are. */
const folder = `\${XDG_STATE_HOME:-$HOME/.local/state}/sitrep/jobs`

/** The functions that all texts use; `$D` is the folder of one job, and nothing is forked where a builtin will do. */
export const common = (nonce: string, id?: string) => `N=${nonce}
say() { printf '%s\\n' "$N:$*" >&2; }
flat() { printf %s "$1" | tr '\\n' ' ' | cut -c 1-600; }
B=${folder}${id === undefined ? '' : `; D=$B/${quote(id)}`}
boot() { K=; read -r K 2>/dev/null </proc/sys/kernel/random/boot_id || K=$(sysctl -n kern.boottime 2>/dev/null); K=\${K:-none}; }
booted() { boot; k=; read -r k 2>/dev/null <"$D/boot"; [ "$K" = "$k" ]; }
born() {
  b=; if read -r b 2>/dev/null <"/proc/$1/stat"; then b=\${b##*) }; set -- $b; b=\${20}; [ "$1" = Z ] && b=
  elif [ ! -r /proc/self/stat ]; then b=$(ps -o lstart= -p "$1" 2>/dev/null | tr ' ' _); fi
}
alive() {
  read -r G S 2>/dev/null <"$D/pgid" || { W=$((W + 1)); [ -z "$S" ] && [ $W -lt 50 ]; return; }
  born "$G"; [ -n "$b" ] && [ "$b" = "$S" ]
}
orphan() {
  if read -r b 2>/dev/null </proc/$$/stat; then b=\${b##*) }; set -- $b; [ "$2" != $PPID ]
  elif [ -r /proc/self/stat ]; then :
  else ! kill -0 $PPID 2>/dev/null; fi
}
sizes() { wc -c <"$D/$1" 2>/dev/null || echo 0; }
unbegun() { read -r g x 2>/dev/null <"$D/pgid" && [ "$g" = 0 ]; }
# Whoever recorded how a job ended removes its folder, file by file: what is read meanwhile says nothing of the host.
removed() { n=0; while [ -d "$D" ] && [ ! -e "$D/boot" ] && [ $n -lt 10 ]; do n=$((n + 1)); sleep 0.1 || sleep 1; done; [ ! -d "$D" ]; }
# What a supervisor that was killed alone has left running: the living processes of its group or session.
left() {
  L=; born "$G"; [ -z "$b" ] || return 1
  if [ -r /proc/self/stat ]; then
    L=$(cat /proc/[0-9]*/stat 2>/dev/null | sed -n "/) [^Z] [0-9]* $G [0-9]* /s/ .*//p; /) [^Z] [0-9]* [0-9]* $G /s/ .*//p")
  else L=$(ps -A -o pgid= -o pid= 2>/dev/null | while read -r g p; do [ "$g" != "$G" ] || echo "$p"; done); fi
  [ -n "$L" ]
}
# One that was just killed may still be on its way out, and a group that is killed as a whole is gone a moment later.
ending() { n=0; while born "$G"; [ -n "$b" ] && [ "$b" = "$S" ] && [ $n -lt 20 ]; do n=$((n + 1)); sleep 0.05 2>/dev/null || sleep 1; done; }
stays() { ending; n=0; while left; do n=$((n + 1)); [ $n -lt 4 ] || return 0; sleep 0.1 || return 0; done; return 1; }
outcome() {
  if [ -e "$D/exit" ]; then
    if unbegun; then say unbegun
    elif read -r c x <"$D/exit" && [ -n "$c" ]; then say exit "$c"; else say torn-exit; fi
  elif removed; then say removed
  elif [ ! -e "$D/boot" ]; then say never
  elif ! booted; then say reboot
  elif [ ! -s "$D/pgid" ]; then say never
  elif read -r G S 2>/dev/null <"$D/pgid" && stays; then say left "$(flat "pid $L")"
  elif [ ! -d "$D" ]; then say removed
  else
    if { printf probe >"$D/probe"; } 2>/dev/null; then say gone; else say full; fi
    rm -f -- "$D/probe"
  fi
}
W=0 S=
`

/** `pour` prints what is new in the job's files; `stream` does so until the job is over, by a look or because `$over` says so. */
export const streaming = `o=0 e=0 over=
part() { if [ $2 -eq 0 ]; then head -c $3 "$D/$1"; else tail -c +$(($2 + 1)) "$D/$1" | head -c $(($3 - $2)); fi; }
pour() {
  if [ -s "$D/out" ]; then
    n=$(sizes out)
    if [ $((n)) -gt $o ]; then part out $o $((n)); o=$((n)); fi
  fi
  if [ -s "$D/err" ]; then
    n=$(sizes err)
    if [ $((n)) -gt $e ]; then part err $e $((n)) >&2; e=$((n)); fi
  fi
}
stream() {
  t=0
  while :; do
    fin=1; [ -n "$over" ] || [ -e "$D/exit" ] || { alive && fin=; }
    pour
    [ -n "$fin" ] && break
    orphan && return 1
    t=$((t + 1)); if [ $t -lt 10 ]; then z=0.02; elif [ $t -lt 40 ]; then z=0.05; else z=0.2; fi
    sleep $z >/dev/null 2>&1 &
    wait $! || [ -n "$over" ] || sleep 1
  done
}
`

/** Says whose words stand between the job's output, and for whom sudo was asked. */
export const attached = `{ read -r M; read -r A; } 2>/dev/null <"$D/mark"; say attached "$M $A"`

/** Between `mkdir` and the supervisor's first word lies a moment; a look waits it out, at most 2 s. */
const awaitText =
  'n=0; while [ -d "$D" ] && [ ! -s "$D/pgid" ] && [ $n -lt 20 ]; do n=$((n + 1)); sleep 0.1 || sleep 1; done'

/** Follows the job from these offsets to its end, and tells its outcome. */
export const followText = (from: { stdout: number; stderr: number }) => `${streaming}
o=${from.stdout} e=${from.stderr}
stream || exit 0
outcome`

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

/** Makes the folder of a job that is not there, so that it never starts; `none` where that was done. */
const claim = (nonce: string) => `[ -d "$B" ] || mkdir -p -m 700 -- "$B" 2>/dev/null
if [ ! -d "$D" ] && x=$(mkdir -m 700 -- "$D" 2>&1); then
  boot
  {
    printf '%s\\n' "$K" >"$D/boot" && printf '%s\\n' 'not begun' >"$D/command" && printf '%s\\n' ${nonce} '' >"$D/mark" &&
      printf '' >"$D/out" && echo 'sitrep: not begun: another console looked for it before its order came' >"$D/err" &&
      echo '0 0' >"$D/pgid" && printf '%-3s\\n' 125 >"$D/exit"
  } 2>/dev/null && { say none; exit 0; }
  rm -rf -- "$D"; say unclaimed "$D can not be written"; exit 0
fi
[ -d "$D" ] || { say unclaimed "$(flat "$x")"; exit 0; }`

/**
 * Shell text that looks at a job once: `none`, `running`, or its outcome with the first bytes of what it printed. With `claim`,
 * `none` means that it never starts, and `unclaimed` says why that could not be made sure of.
 */
export function lookText(o: { nonce: string; id: string; limit: number; claim?: boolean }): string {
  return `${common(o.nonce, o.id)}
${o.claim === true ? claim(o.nonce) : '[ -d "$D" ] || { say none; exit 0; }'}
${attached}
${awaitText}; W=50
if [ ! -e "$D/exit" ] && alive && [ ! -e "$D/exit" ]; then say running; exit 0; fi
say sizes "$(sizes out) $(sizes err)"
head -c ${o.limit} "$D/out"; head -c ${o.limit} "$D/err" >&2
outcome`
}

/**
 * Shell text that prints the process group of a job and its folder, while something of it may be alive: not where the host was
 * rebooted since, not where its leader's number is another process's now, and not where nothing was ever begun under its id.
 */
export function groupText(o: { nonce: string; id: string }): string {
  return `${common(o.nonce, o.id)}
{ read -r M; read -r A; } 2>/dev/null <"$D/mark"
${awaitText}
if read -r G S 2>/dev/null <"$D/pgid" && [ "$G" != 0 ] && booted; then
  born "$G"; if [ -z "$b" ] || [ "$b" = "$S" ]; then say at "$D"; say group "$G $A"; fi
fi`
}

/** Shell text that removes the folders of jobs. */
export function removeText(o: { nonce: string; ids: readonly string[] }): string {
  return `${common(o.nonce)}
rm -rf -- ${o.ids.map((id) => `"$B"/${quote(id)}`).join(' ')}`
}
