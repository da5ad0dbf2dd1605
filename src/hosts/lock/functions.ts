/*
 * The shell functions under all texts of locks. They fork as little as they can, for a lock is taken with every step.
 *
 * What stands in a record is another user's text: it is only ever compared and printed. Folders are entered by `cd -P` and
 * compared with the path that was meant, so no symbolic link is followed; files are made with O_EXCL. Root takes the folders
 * over from whoever made them. Times are seconds of uptime, which no change of the clock touches.
 *
 * Whoever owns the folder can put another file in the place of one of ours at any moment, so what a name said a moment ago
 * counts for nothing: `lkopen` judges the file by what it reads from the descriptor, and writes by the descriptor; `lklast`
 * passes on what has the form of our own lines, and nothing else.
 */

/** The functions, whose names begin with `lk`, as their variables do with `LK`; `$LKH` are the resources, `$LKI` is the lock. */
export const lockFunctions = (nonce: string): string => `lksay() { printf '%s\\n' "${nonce}:$*" >&2; }
lkup() { if read -r LKT x 2>/dev/null </proc/uptime; then LKT=\${LKT%%.*}; else LKT=$(date +%s); fi; }
lkin() { cd -P -- "$1" 2>/dev/null && [ "$PWD" = "$1" ] && { [ -O . ] || [ "$(id -u)" != 0 ] || chown 0 .; }; }
lkborn() {
  if read -r b 2>/dev/null <"/proc/$1/stat"; then b=\${b##*) }; set -- $b; [ "$1" = Z ] || printf %s "\${20}"
  elif [ ! -r /proc/self/stat ]; then ps -o lstart= -p "$1" 2>/dev/null | tr ' ' _; fi
}
LKF=; command -v flock >/dev/null 2>&1 && LKF=1
read -r LKB 2>/dev/null </proc/sys/kernel/random/boot_id || LKB=$(sysctl -n kern.boottime 2>/dev/null || echo none)
lkshared() { [ -d "$LKR" ] && [ ! -L "$LKR" ] && [ -w "$LKR" ] && [ -k "$LKR" ]; }
lkplace() {
  LKR=/run/lock/sitrep LKX=; n=0
  if [ ! -d /run/lock ]; then LKX='there is no /run/lock'
  elif [ ! -e "$LKR" ] && ! (umask 0; mkdir -m 1777 -- "$LKR") 2>/dev/null && [ ! -e "$LKR" ]; then LKX='/run/lock can not be written'
  else
    # Whoever made it just now may not have come to its mode yet.
    until lkshared; do n=$((n + 1)); [ $n -lt 10 ] || { LKX='/run/lock/sitrep is not a folder with mode 1777'; break; }; sleep 0.05 || sleep 1; done 2>/dev/null
  fi
  if [ -n "$LKX" ]; then
    LKR=\${XDG_STATE_HOME:-$HOME/.local/state}/sitrep/locks
    (umask 077; mkdir -p -- "$LKR") 2>/dev/null; LKR=$(cd -P -- "$LKR" 2>/dev/null && pwd -P) && [ -w "$LKR" ] || { lksay lockfailed "$LKX, and the state folder can not be written either"; return 1; }
    LKX="other users of the host than $(id -un): $LKX"
  elif [ -z "$LKF" ]; then LKX='whoever can not see the processes of others: there is no flock on the host'; fi
}
lkmutex() {
  n=0
  if [ -n "$LKF" ]; then
    { command exec 9<"$LKR"; } 2>/dev/null || { lksay lockfailed "$LKR can not be opened"; return 1; }
    # Not every flock can wait for a time.
    flock -w 2 9 2>/dev/null || until flock -n 9 2>/dev/null; do n=$((n + 1)); [ $n -lt 100 ] || { lksay lockfailed "somebody holds $LKR with flock"; return 1; }; sleep 0.02 2>/dev/null || sleep 1; done
  else
    # Whoever made it may have died; nobody has it for as long as this waits.
    until mkdir -- "$LKR/.taking" 2>/dev/null; do
      n=$((n + 1)); [ $n -lt 200 ] || { rmdir -- "$LKR/.taking" 2>/dev/null && n=0 || { lksay lockfailed "remove $LKR/.taking on the host"; return 1; }; }
      sleep 0.02 2>/dev/null || sleep 1
    done
  fi
}
lkfree() { if [ -n "$LKF" ]; then exec 9<&-; else rmdir -- "$LKR/.taking" 2>/dev/null; fi; }
lkread() {
  lkby= lkincident= lkstep= lkat= lkboot= lkuntil= lkjobs= lklooks=
  while read -r k v; do
    case $k in by) lkby=$v;; incident) lkincident=$v;; step) lkstep=$v;; at) lkat=$v;; boot) lkboot=$v;;
      until) lkuntil=$v;; job) lkjobs="$lkjobs $v";; looks) lklooks=1;; keeps) lklooks=;; esac
  done <"$1"
} 2>/dev/null
lkplain() { [ -f "$1" ] && [ ! -L "$1" ] && [ -O "$1" ]; }
lkopen() {
  LKY=; LKA=$LKL
  lkplain "$LKL" && { command exec 7<"$LKL"; } 2>/dev/null && {
    if [ -e /proc/self/fd/7 ]; then LKA=/proc/self/fd/7; [ -O "$LKA" ] && read -r LKY <"$LKA"; else lkplain "$LKL" && read -r LKY <"$LKL"; fi
  } && [ "$LKY" = "lock $LKI" ] || { lksay lockfailed "$LKL is not the file that was made"; return 1; }
}
lklast() {
  n=0
  while [ $n -lt 20 ] && read -r t h w; do
    n=$((n + 1))
    case $t in ''|*[!0-9]*) continue;; esac
    case $h$w in *[!0-9a-f]*) continue;; esac
    [ \${#t} -lt 12 ] && [ \${#h} = 64 ] && [ \${#w} = 16 ] && echo "$t $h $w"
  done <"$1"
  : # Not being there is no failure.
} 2>/dev/null
lkruns() {
  if [ -n "$LKF" ]; then [ -r "$1" ] && ! (exec 8<"$1" && flock -n 8) 2>/dev/null; return; fi
  set -f; set -- $lkjobs; set +f
  while [ $# -gt 1 ]; do [ -n "$2" ] && [ "$(lkborn "$1")" = "$2" ] && return 0; shift 2; done
  return 1
}
lklive() {
  lkrun=0
  lkread "$1"; [ ! -e "$1.over" ] && [ "$lkboot" = "$LKB" ] || return 1
  lkruns "$1" && { lkrun=1; return 0; }
  case $lkuntil in ''|*[!0-9]*) return 1;; esac
  [ "$lkuntil" -ge "$LKT" ]
}
lktell() {
  lksince=
  case $lkat in ''|0?*|*[!0-9]*|????????????*) ;; *)
    lksince=$(($(date +%s) - LKT + lkat))
    lksince=$(date -u -d "@$lksince" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -r "$lksince" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null);;
  esac
  printf '%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s' "$1" "$2" "$lkrun" "$lksince" "$lkby" "$lkincident" "$lkstep"
}
lkdrop() {
  set --; for h in $LKH; do set -- "$@" "$LKR/$h/$LKI"; done
  rm -f -- "$@"; set --
  for h in $LKH; do
    for o in "$LKR/$h"/*.over; do [ ! -e "$o" ] || [ -e "\${o%.over}" ] || (lkin "$LKR/$h" && rm -f -- "\${o##*/}"); done
    set -- "$@" "$LKR/$h"
  done
  rmdir -- "$@"
} 2>/dev/null
`
