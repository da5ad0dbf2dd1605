/**
 * Shell functions of a revert that end what the step still has running, and keep what has not begun from beginning: the
 * processes of each job that `begun` names, and its folder (protocol.md, "A job on the host").
 */
export const jobsText = `
procs() { cat /proc/[0-9]*/stat 2>/dev/null | sed -n 's/^\\([0-9]*\\) (\\(.*\\)) \\(.\\) \\([0-9]*\\) \\([0-9]*\\) \\([0-9]*\\) .*/\\1 \\4 \\5 \\6 \\3 \\2/p'; }
# The living processes of a group: those in it or in its session, and what a sudo among them put into a session of its own.
members() {
  procs | awk -v g="$1" '
    { up[$1] = $2; grp[$1] = $3; ses[$1] = $4; st[$1] = $5; sudo[$1] = ($6 ~ /(^|\\/)sudo$/) }
    END {
      for (p in up) if (grp[p] == g || ses[p] == g) kin[p] = 1
      do {
        more = 0
        for (p in kin) if (ses[p] != g) also[ses[p]] = 1
        for (p in up) if (!(p in kin) && (((up[p] in kin) && sudo[up[p]]) || (ses[p] in also))) { kin[p] = 1; more = 1 }
      } while (more)
      for (p in kin) if (st[p] != "Z") print p
    }'
}
end_group() {
  for sig in TERM KILL; do
    n=0
    while m=$(members "$1"); [ -n "$m" ] && [ $n -lt 25 ]; do
      [ $n -gt 0 ] || kill -s $sig $m 2>/dev/null
      n=$((n + 1)); sleep 0.2 2>/dev/null || sleep 1
    done
    [ -n "$m" ] || return 0
  done
  bad "still running: pid $(echo $m)"
}
# The groups of a job: its supervisor has the job's folder as an argument, leads its group, and is the owner's of all jobs. What
# the folder itself says is not asked: it is another user's, and whom it names would be killed.
supervisors() {
  for g in $(grep -lzxF -- "$JOBS/$1" /proc/[0-9]*/cmdline 2>/dev/null | sed 's/[^0-9]//g'); do
    procs | grep -q "^$g [0-9]* $g " && grep -Eq "^Uid:[[:space:]]$OWNER[[:space:]]$OWNER[[:space:]]" "/proc/$g/status" 2>/dev/null && echo "$g"
  done
}
# Between the folder of a job and its supervisor lies a moment.
groups_of() {
  found=$(supervisors "$1")
  if [ -z "$found" ] && ! grep -qxF "ended $1" "$D/begun"; then sleep 1; found=$(supervisors "$1"); fi
  echo "$found"
}
# Runs a command as the owner of the jobs: nothing that root does may go through a folder of somebody else.
can_be_owner() { [ "$(id -u)" = "$OWNER" ] || { [ "$(id -u)" = 0 ] && [ "$(as_owner id -u 2>/dev/null)" = "$OWNER" ]; }; }
as_owner() (
  exec 9>&- </dev/null
  [ "$(id -u)" != "$OWNER" ] || exec "$@"
  setpriv --reuid "$OWNER" --regid "$OWNER_GROUP" --init-groups -- true 2>/dev/null &&
    exec setpriv --reuid "$OWNER" --regid "$OWNER_GROUP" --init-groups -- "$@"
  ! command -v runuser >/dev/null 2>&1 || exec runuser -u "$OWNER_NAME" -- "$@"
  exec su -s /bin/sh "$OWNER_NAME" -c 'exec "$0" "$@"' -- "$@"
)
# jobs, job, boot, mark
LAY='umask 077; cd -- "$1" && mkdir -- "$2" || exit 1
{ cd -- "$2" || exit 0
echo "$3" >boot; echo "$4" >mark; echo >>mark; : >out
echo "sitrep: not begun: the time of its revert was over" >err
echo "not begun" >command; echo "0 0" >pgid; printf "%-3s\\n" 125 >exit; } 2>/dev/null
exit 0'
# The folder is what makes a job start once: made here, the job can't start any more, however late its order arrives.
never_began() {
  grep -qxF "$1" "$D/never" && return 0
  grep -qxF "ended $1" "$D/begun" && return 1
  if ! can_be_owner; then NOTE="a job of it may still begin: $(id -un) can not act as $OWNER_NAME"; return 1; fi
  as_owner sh -c "$LAY" sh "$JOBS" "$1" "$(boot)" "$(echo "$ID" | tr -d -)" 2>/dev/null || return 1
  NEVER="$NEVER $1 "
  echo "$1" >>"$D/never"
}
end_jobs() {
  NEVER= NOTE=
  : >>"$D/never"
  while read -r what index job; do
    [ "$what" = begun ] || continue
    never_began "$job" || for g in $(groups_of "$job"); do end_group "$g"; done
  done <"$D/begun"
}
NEVER=
# True where the change with this index was begun.
begun() {
  while read -r what index job; do
    case $NEVER in *" $job "*) continue ;; esac
    [ "$what $index" = "begun $1" ] && ! grep -qxF "$job" "$D/never" 2>/dev/null && return 0
  done <"$D/begun"
  return 1
}
`
