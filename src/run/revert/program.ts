import { backText } from './backText.ts'
import { jobsText } from './jobsText.ts'
import { keeperText } from './keeperText.ts'

/*
 * A timed revert on the host, in a folder of the step's user: `${XDG_STATE_HOME:-~/.local/state}/sitrep/reverts/<id>` (0700).
 *
 *   revert     the program below, with what takes the step back; as a whole it needs nothing but this folder
 *   env        how it was armed: the deadline, the user's PATH and folders, what keeps it over a reboot
 *   begun      `begun INDEX JOB` before a change begins, `ended JOB` when its result is recorded
 *   armed      renamed to `confirmed` by the console, or to `firing` by the waiter: one rename decides between the two
 *   waiter     pid and birth of the process that waits
 *   lock       held by the process that waits: a second one waits until the first is gone, so none fires beside another
 *   never      jobs of changes that had not begun when it fired, and now can't begin any more
 *   out        what the commands that take it back printed
 *   result     `ok|failed EPOCH`, then one line that says it; stays until the console has recorded it. Its room is taken at
 *              the arming (`result.new`), as that of `waiter` is: a disk that fills up later costs neither
 *
 * Called without an argument it waits for the deadline and fires. Time is counted by the uptime, so that a clock that is
 * set meanwhile changes nothing; after a reboot by the clock, and never for longer than was asked for. With an argument it
 * is one of the console's orders: state, begin, ended, confirm, fire, forget; `look` is a state that changes nothing, the
 * others start again what waits where it was ended.
 */

/**
 * Finds the folder `$D` of the revert `$1` for the user who asks. Sudo may leave HOME and XDG_STATE_HOME as they were, and
 * nothing that root runs later may lie in a folder of somebody else: then the user's own is taken.
 */
export const folderText = `[ -O "$HOME" ] || HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
[ -O "\${XDG_STATE_HOME:-}" ] || unset XDG_STATE_HOME
B=\${XDG_STATE_HOME:-$HOME/.local/state}/sitrep/reverts; D=$B/$1; shift
`

/** Shared by the program and by the script that arms it. */
export const clockText = `boot() { cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo none; }
up() { if read -r u x 2>/dev/null </proc/uptime; then echo "\${u%.*}"; else date +%s; fi; }
born() { if read -r b 2>/dev/null <"/proc/$1/stat"; then b=\${b##*) }; set -- $b; [ "$1" = Z ] || printf %s "\${20}"; fi; }
`

/** The printf formats of `waiter` and `result`, which are as long at the arming as when they are filled in. */
export const waiterFormat = '%-63s\\n'
export const resultFormat = '%-23s\\n%-2400s\\n'

const lifeText = `
left() {
  if [ "$(boot)" != "$BOOT" ]; then
    BOOT=$(boot); l=$((DEADLINE - $(date +%s)))
    [ $l -gt "$AFTER" ] && l=$AFTER
    UNTIL=$(($(up) + l))
  fi
  L=$((UNTIL - $(up)))
  [ $L -ge 0 ] || L=0
}
alive() { read -r P S 2>/dev/null <"$D/waiter" && [ -n "$S" ] && [ "$(born "$P")" = "$S" ]; }
flat() { tr '\\n\\t' '  ' | cut -c 1-600; }
sum_of() {
  if [ -e "$1" ]; then s=$(sha256sum 2>/dev/null <"$1") || { echo unreadable; return; }; echo "\${s%% *}"; else echo absent; fi
}
`

const mainText = `
# Over the room that was taken for it. Where it can't be written all the same, what was done is not done a second time.
tell() {
  until printf '${resultFormat}' "$1 $(date +%s)" "$(printf %s "$2\${NOTE:+; $NOTE}" | flat)" 1<>"$D/result.new" &&
    mv -f -- "$D/result.new" "$D/result"
  do [ -d "$D" ] || exit 1; sleep 5; done
} 2>/dev/null
fire() {
  end_jobs
  take_back
  SAME= OTHER=
  look_again
  if [ -n "$OTHER" ]; then tell failed "not as before the step: $OTHER\${BAD:+; $BAD}"
  elif [ -n "$BAD" ]; then tell failed "$BAD"
  elif [ -n "$DONE" ]; then tell ok "$DONE\${SAME:+; as before the step: $SAME}"
  else tell ok "nothing had to be taken back\${SAME:+; as before the step: $SAME}"; fi
  sync 2>/dev/null
}
# Starts again what waits, where it was ended; the lock keeps two of them apart.
wake() {
  alive && return
  up=
  case $KEEPER in
    system|user) own_systemctl reset-failed -- "$UNIT"; own_systemctl start -- "$UNIT" && up=1 ;;
  esac >/dev/null 2>&1
  if [ -z "$up" ]; then setsid sh "$D/revert" </dev/null >/dev/null 2>&1 & fi
  n=0; until alive || [ -e "$D/result" ] || [ $n -ge 20 ]; do n=$((n + 1)); sleep 0.1 2>/dev/null || sleep 1; done
}
state() {
  if [ -e "$D/result" ] || [ -e "$D/confirmed" ] || [ "\${1:-}" = look ]; then :
  elif [ -e "$D/armed" ] || [ -e "$D/firing" ]; then wake; fi
  if [ -e "$D/result" ]; then
    { read -r V T; read -r X; } <"$D/result"
    SAME= OTHER=
    look_again
    printf 'fired %s %s %s\\n' "$V" "$T" "$X\${OTHER:+; now not as before the step: $OTHER}"
  elif [ -e "$D/confirmed" ]; then echo confirmed
  elif [ -e "$D/armed" ]; then left; echo "armed $L"
  elif [ -e "$D/firing" ]; then
    if alive; then echo firing; else echo "died"; fi
  elif [ -e "$D/confirmed" ]; then echo confirmed
  else echo none; fi
}
await() {
  exec 9>>"$D/lock" && flock 9 || exit 1
  [ -d "$D" ] || exit 0
  printf '${waiterFormat}' "$$ $(born $$)" 1<>"$D/waiter"
  ARMED_AT=$BOOT
  while [ -e "$D/armed" ]; do
    left
    if [ "$L" -eq 0 ]; then
      # What is to be reloaded after a reboot may not be up yet.
      [ "$BOOT" = "$ARMED_AT" ] || timeout 60 systemctl is-system-running --wait >/dev/null 2>&1
      mv -- "$D/armed" "$D/firing" 2>/dev/null && break
    fi
    sleep 1
  done
  # Also where an earlier waiter was ended in the midst of it: all of it may be done a second time.
  if [ -e "$D/firing" ] && [ ! -e "$D/result" ]; then fire; fi
  [ -e "$D/armed" ] || drop self
}
umask 077
case \${1:-wait} in
  wait) await ;;
  begin) [ -e "$D/armed" ] && echo "begun $2 $3" >>"$D/begun" || { state; exit 1; }; state ;;
  ended) echo "ended $2" >>"$D/begun"; state ;;
  confirm) if mv -- "$D/armed" "$D/confirmed" 2>/dev/null; then sync -- "$D" 2>/dev/null; drop; fi; state ;;
  # What waits sees it within a second, and does it once, whoever renamed it.
  fire) mv -- "$D/armed" "$D/firing" 2>/dev/null; state ;;
  # The waiter still clears up behind itself.
  forget) if [ -e "$D/result" ] || [ -e "$D/confirmed" ]; then
    n=0; while alive && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.1 2>/dev/null || sleep 1; done
    rm -rf -- "$D"; rmdir -- "$B" 2>/dev/null
  fi; : ;;
  *) state "$1" ;;
esac
`

/** The program of one revert: `take_back` undoes, newest change first; `look_again` compares every file with what it was. */
export function programText(o: {
  scripts: { put: string; remove: string; link: string }
  takeBack: string
  lookAgain: string
}): string {
  return `# A timed revert of sitrep: takes a step back unless it is confirmed.
D=\${0%/*} B=\${0%/*/*}
. "$D/env"
${definitions(o.scripts)}
${clockText}${lifeText}${keeperText}${jobsText}${backText}
take_back() {
:
${o.takeBack}
}
look_again() {
:
${o.lookAgain}
}
${mainText}`
}

function definitions({ put, remove, link }: { put: string; remove: string; link: string }): string {
  return Object.entries({ PUT: put, REMOVE: remove, LINK: link })
    .map(([name, text]) => `${name}='${text.replaceAll("'", `'\\''`)}'`)
    .join('\n')
}
