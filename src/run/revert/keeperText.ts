/** What keeps the waiter over a reboot, and how it goes away again. Shared by the program and by the script that arms it. */
export const keeperText = `
own_systemctl() {
  if [ "$KEEPER" = user ]; then XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user "$@"; else systemctl "$@"; fi
}
crontab_lock() { n=0; until mkdir "$B/.crontab" 2>/dev/null || [ $n -ge 10 ]; do n=$((n + 1)); sleep 1; done; }
# The whole crontab in CRON, without a file that a full disk would cut; false with WHY where it can't be read.
crontab_read() {
  WHY=
  CRON=$(crontab -l 2>/dev/null; c=$?; echo .; exit $c); c=$?
  CRON=\${CRON%.}
  if [ $c -ne 0 ]; then
    CRON=
    WHY=$(LC_ALL=C crontab -l 2>&1 </dev/null)
    case $WHY in *"no crontab for"*|*"has no fcrontab"*|*"can't open '"*"': No such file"*) ;; *) return 1 ;; esac
  fi
  case $CRON in ''|*"$NL") ;; *) CRON=$CRON$NL ;; esac
}
# Nothing is written that was not read; the whole crontab goes only where our line was all of it.
crontab_drop() {
  crontab_read || return
  case $CRON in *"$D/revert"*) ;; *) return 0 ;; esac
  rest=$(printf %s "$CRON" | grep -vF -- "$D/revert"; c=$?; echo .; exit $c); c=$?
  [ $c -le 1 ] || return
  rest=\${rest%.}
  if [ -n "$rest" ]; then printf %s "$rest" | crontab -; else crontab -r; fi
}
NL='
'
# With \`self\` it is the waiter that goes: it ends by itself.
drop() {
  case $KEEPER in
    system|user)
      if [ "\${1:-}" = self ]; then own_systemctl disable -- "$UNIT"; else own_systemctl disable --now -- "$UNIT"; fi
      rm -f -- "$UNITS/$UNIT"
      own_systemctl daemon-reload ;;
    cron)
      crontab_lock
      crontab_drop
      rmdir "$B/.crontab" ;;
  esac >/dev/null 2>&1
  if [ "\${1:-}" != self ] && alive; then kill -- "-$P" || kill "$P"; fi 2>/dev/null
}
`
