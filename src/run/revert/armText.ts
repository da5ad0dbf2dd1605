import { keeperText } from './keeperText.ts'
import { clockText, folderText, resultFormat, waiterFormat } from './program.ts'

/*
 * Arms a revert as the user of the step; its stdin is the program. What is to survive a reboot has to be started by
 * something that does:
 *
 *   root, systemd               a service in /etc/systemd/system
 *   a user who lingers          a service of the user's own systemd
 *   else, where cron runs       `@reboot` in the crontab, and a process in a session of its own until then
 *   else                        refused, with what is missing; nothing stays behind
 */

/**
 * Arguments: the revert's id, seconds, the folder of the login user's jobs, sha256 of the program, its first `begun` lines, and
 * the login user's number, group and name.
 */
export const armText = `set -u
${folderText}AFTER=$1 JOBS=$2 WANT=$3 BEGUN=$4 OWNER=$5 OWNER_GROUP=$6 OWNER_NAME=$7
${clockText}
U=$(umask) W=$(pwd); umask 077
fail() { printf 'sitrep: %s\\n' "$*" >&2; exit 1; }
for need in sha256sum setsid flock awk base64; do
  command -v $need >/dev/null 2>&1 || fail "$need is missing on the host"
done
case $D in *[!A-Za-z0-9/._@+-]*) fail "the folder $D can not stand in a service or a crontab" ;; esac
x=$(mkdir -p -- "$B" 2>&1) && x=$(chmod 700 -- "$B" 2>&1) && x=$(mkdir -- "$D" 2>&1) || fail "its folder can not be made: $x"
KEEPER= UNIT= UNITS=
alive() { read -r P S 2>/dev/null <"$D/waiter" && [ -n "$S" ] && [ "$(born "$P")" = "$S" ]; }
${keeperText}
trap 'exit 143' HUP INT TERM
trap '[ -e "$D/armed" ] && [ -n "$OK" ] || { rm -f -- "$D/armed"; drop; rm -rf -- "$D"; rmdir -- "$B" 2>/dev/null; }' EXIT
OK=
x=$( { cat >"$D/revert"; } 2>&1 ) || fail "it can not be written: $x"
x=$(sha256sum <"$D/revert"); [ "\${x%% *}" = "$WANT" ] || fail "it did not arrive whole, or the disk is full"

# Who starts it again after a reboot.
missing=
linger() { [ -e "/var/lib/systemd/linger/$(id -un)" ]; }
if [ -d /run/systemd/system ] && [ "$(id -u)" = 0 ]; then
  KEEPER=system UNITS=/etc/systemd/system TARGET=multi-user.target
elif [ -d /run/systemd/system ] && linger && [ -S "/run/user/$(id -u)/systemd/private" ]; then
  KEEPER=user UNITS=\${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user TARGET=default.target
else
  if [ -d /run/systemd/system ]; then missing="$(id -un) does not linger (loginctl enable-linger $(id -un))"
  else missing="no systemd"; fi
  if ! command -v crontab >/dev/null 2>&1; then missing="$missing, and there is no crontab"
  elif ! cat /proc/[0-9]*/comm 2>/dev/null | grep -Eqx 'cron|crond|fcron|dcron|busybox-crond'; then missing="$missing, and no cron runs"
  elif busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager KillUserProcesses 2>/dev/null |
    grep -q true; then missing="$missing, and logind ends a user's processes at logout"
  else KEEPER=cron; fi
fi
[ -n "$KEEPER" ] || fail "it would not survive a reboot: $missing"
UNIT=\${KEEPER:+sitrep-revert-\${D##*/}.service}

BOOT=$(boot) UNTIL=$(($(up) + AFTER + 1)) DEADLINE=$(($(date +%s) + AFTER + 1))
put_env() { printf "%s='" "$1"; printf %s "$2" | sed "s/'/'\\\\\\\\''/g"; printf "'\\n"; }
x=$( {
  {
    put_env ID "\${D##*/}"; put_env PATH "$PATH"; put_env HOME "$HOME"; put_env U "$U"; put_env W "$W"
    put_env AFTER "$AFTER"; put_env JOBS "$JOBS"; put_env OWNER "$OWNER"
    put_env OWNER_GROUP "$OWNER_GROUP"; put_env OWNER_NAME "$OWNER_NAME"; put_env BOOT "$BOOT"; put_env UNTIL "$UNTIL"; put_env DEADLINE "$DEADLINE"
    put_env KEEPER "$KEEPER"; put_env UNIT "$UNIT"; put_env UNITS "$UNITS"
    [ -z "\${XDG_STATE_HOME:-}" ] || { put_env XDG_STATE_HOME "$XDG_STATE_HOME"; echo export XDG_STATE_HOME; }
    [ -d "/run/user/$(id -u)" ] && { put_env XDG_RUNTIME_DIR "/run/user/$(id -u)"; echo export XDG_RUNTIME_DIR; }
    echo export PATH HOME
  } >"$D/env" && printf %s "$BEGUN" >"$D/begun" && : >"$D/out" && : >"$D/never" && : >"$D/lock" &&
    printf '${waiterFormat}' '' >"$D/waiter" && printf '${resultFormat}' '' '' >"$D/result.new" && : >"$D/armed"
} 2>&1 ) || fail "it can not be written: $x"
sync -- "$D"/* "$D" 2>/dev/null || sync

case $KEEPER in
  cron)
    crontab_lock
    crontab_read || { rmdir "$B/.crontab"; fail "the crontab can not be read: $(printf %s "$WHY" | tail -n 1)"; }
    HAD=$CRON
    x=$(printf "%s@reboot /bin/sh '%s'\\n" "$HAD" "$D/revert" | crontab - 2>&1); c=$?
    if [ $c -eq 0 ]; then
      # It is the last one: where it is there, all of them are.
      crontab_read
      case $CRON in *"$D/revert'$NL") ;; *) c=1 x="it did not arrive whole\${WHY:+: $WHY}"; [ -z "$HAD" ] || printf %s "$HAD" | crontab - ;; esac
    fi
    rmdir "$B/.crontab"
    [ $c -eq 0 ] || fail "its line in the crontab can not be written: $x"
    setsid sh "$D/revert" </dev/null >/dev/null 2>&1 & ;;
  *)
    x=$( { mkdir -p -- "$UNITS" && cat >"$UNITS/$UNIT"; } 2>&1 <<UNIT
[Unit]
Description=sitrep: takes a step back unless it is confirmed
ConditionPathExists=$D/revert
StartLimitIntervalSec=0
[Service]
Type=exec
ExecStart=/bin/sh "$D/revert"
# A TERM from somebody else counts as a good end, too: only the program's own end is one.
Restart=always
RestartPreventExitStatus=0
RestartSec=1
[Install]
WantedBy=$TARGET
UNIT
    ) && x=$(own_systemctl daemon-reload 2>&1) && x=$(own_systemctl enable --now -- "$UNIT" 2>&1) ||
      fail "its service can not be started: $(printf %s "$x" | tail -n 1)" ;;
esac
n=0; until alive || [ $n -ge 50 ]; do n=$((n + 1)); sleep 0.1 2>/dev/null || sleep 1; done
alive || fail "the process that waits did not start"
OK=1
`

/** Prints the login user's number, group and name, and the folder of its jobs (protocol.md, "A job on the host"), a line for each. */
export const jobsFolderText =
  'id -u && id -g && id -un && printf %s "${XDG_STATE_HOME:-$HOME/.local/state}/sitrep/jobs"'
