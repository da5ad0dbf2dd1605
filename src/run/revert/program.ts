import { backText } from './backText.ts'
import { jobsText } from './jobsText.ts'

/*
 * A timed revert on the host, in a folder of the step's user: `${XDG_STATE_HOME:-~/.local/state}/sitrep/reverts/<id>` (0700).
 *
 *   revert     the program below, with what takes the step back; as a whole it needs nothing but this folder
 *   env        how it was armed: the deadline, the user's PATH and folders, what keeps it over a reboot
 *   begun      `begun INDEX JOB` before a change begins, `ended JOB` when its result is recorded
 *   armed      renamed to `confirmed` by the console, or to `firing` by the waiter: one rename decides between the two
 *   waiter     pid and birth of the process that waits
 *   never      jobs of changes that had not begun when it fired, and now can't begin any more
 *   out        what the commands that take it back printed
 *   result     `ok|failed EPOCH`, then one line that says it; stays until the console has recorded it
 *
 * Called without an argument it waits for the deadline and fires. Time is counted by the uptime, so that a clock that is
 * set meanwhile changes nothing; after a reboot by the clock, and never for longer than was asked for. With an argument it
 * is one of the console's orders: state, begin, ended, confirm, forget.
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

/** What keeps the waiter over a reboot, and how it goes away again. Shared by the program and by the script that arms it. */
export const keeperText = `
own_systemctl() {
  if [ "$KEEPER" = user ]; then XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user "$@"; else systemctl "$@"; fi
}
crontab_lock() { n=0; until mkdir "$B/.crontab" 2>/dev/null || [ $n -ge 10 ]; do n=$((n + 1)); sleep 1; done; }
# With \`self\` it is the waiter that goes: it ends by itself.
drop() {
  case $KEEPER in
    system|user)
      if [ "\${1:-}" = self ]; then own_systemctl disable -- "$UNIT"; else own_systemctl disable --now -- "$UNIT"; fi
      rm -f -- "$UNITS/$UNIT"
      own_systemctl daemon-reload ;;
    cron)
      crontab_lock
      crontab -l 2>/dev/null | grep -vF "$D/revert" >"$D/crontab"
      if [ -s "$D/crontab" ]; then crontab "$D/crontab"; else crontab -r; fi
      rmdir "$B/.crontab" ;;
  esac >/dev/null 2>&1
  if [ "\${1:-}" != self ] && alive; then kill -- "-$P" || kill "$P"; fi 2>/dev/null
}
`

const mainText = `
tell() {
  printf '%s %s\\n%s\\n' "$1" "$(date +%s)" "$(printf %s "$2" | flat)" >"$D/result.new" && mv -f -- "$D/result.new" "$D/result"
}
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
state() {
  if [ -e "$D/result" ]; then
    { read -r V T; IFS= read -r X; } <"$D/result"
    SAME= OTHER=
    look_again
    printf 'fired %s %s %s\\n' "$V" "$T" "$X\${OTHER:+; now not as before the step: $OTHER}"
  elif [ -e "$D/confirmed" ]; then echo confirmed
  elif [ -e "$D/armed" ]; then left; echo "armed $L"
  elif [ -e "$D/firing" ]; then
    if alive; then echo firing; else echo "died"; fi
  else echo none; fi
}
await() {
  b=$(born $$)
  echo "$$ $b" >"$D/waiter.new" && mv -f -- "$D/waiter.new" "$D/waiter"
  ARMED_AT=$BOOT
  while [ -e "$D/armed" ]; do
    left
    if [ "$L" -eq 0 ]; then
      # What is to be reloaded after a reboot may not be up yet.
      [ "$BOOT" = "$ARMED_AT" ] || timeout 60 systemctl is-system-running --wait >/dev/null 2>&1
      mv -- "$D/armed" "$D/firing" 2>/dev/null
      break
    fi
    if [ "$L" -gt 5 ]; then sleep 5; else sleep 1; fi
  done
  # Also where an earlier waiter was ended in the midst of it: all of it may be done a second time.
  if [ -e "$D/firing" ] && [ ! -e "$D/result" ]; then fire; fi
  drop self
}
umask 077
case \${1:-wait} in
  wait) await ;;
  begin) [ -e "$D/armed" ] && echo "begun $2 $3" >>"$D/begun" || { state; exit 1; }; state ;;
  ended) echo "ended $2" >>"$D/begun"; state ;;
  confirm) if mv -- "$D/armed" "$D/confirmed" 2>/dev/null; then sync -- "$D" 2>/dev/null; drop; fi; state ;;
  # The waiter still clears up behind itself.
  forget) if [ -e "$D/result" ] || [ -e "$D/confirmed" ]; then
    n=0; while alive && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.1 2>/dev/null || sleep 1; done
    rm -rf -- "$D"; rmdir -- "$B" 2>/dev/null
  fi; : ;;
  *) state ;;
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
