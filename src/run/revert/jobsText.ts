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
# A job's group: by its folder, else (the folder is another user's) by the words of its supervisor.
group_of() {
  if read -r g s 2>/dev/null <"$JOBS/$1/pgid"; then [ "$(born "$g")" = "$s" ] && echo "$g"
  else grep -lzxF -- "$JOBS/$1" /proc/[0-9]*/cmdline 2>/dev/null | sed 's/[^0-9]//g'; fi
}
# The folder is what makes a job start once: made here, the job can't start any more, however late its order arrives.
never_began() {
  grep -qxF "$1" "$D/never" && return 0
  grep -qxF "ended $1" "$D/begun" && return 1
  [ -d "$JOBS" ] && mkdir -- "$JOBS/$1" 2>/dev/null || return 1
  (
    cd -- "$JOBS/$1" || exit
    boot >boot; echo "$ID" | tr -d - >mark; echo >>mark; : >out
    echo "sitrep: not begun: the time of its revert was over" >err
    echo "not begun" >command; echo "0 0" >pgid; printf '%-3s\\n' 125 >exit
    chown -h --reference="$JOBS" . boot mark out err command pgid exit
  ) 2>/dev/null
  echo "$1" >>"$D/never"
}
end_jobs() {
  : >>"$D/never"
  while read -r what index job; do
    [ "$what" = begun ] || continue
    never_began "$job" || for g in $(group_of "$job"); do end_group "$g"; done
  done <"$D/begun"
}
# True where the change with this index was begun.
begun() {
  while read -r what index job; do
    [ "$what $index" = "begun $1" ] && ! grep -qxF "$job" "$D/never" 2>/dev/null && return 0
  done <"$D/begun"
  return 1
}
`
