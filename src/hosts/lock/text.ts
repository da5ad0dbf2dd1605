import { createHash, randomBytes } from 'node:crypto'
import type { LockRequest } from '../../model/lock.ts'
import { quote } from '../quote.ts'
import { lockFunctions } from './functions.ts'

/*
 * Locks on the host, as POSIX text (protocol.md, "Locks"). A lock is one file, its record, which stands under the lock's id in
 * the folder of each of its resources (hard links, so that it is one inode and can be held by one flock):
 *
 *     /run/lock/sitrep/                              1777; flock on the folder itself makes one change at a time
 *     /run/lock/sitrep/<sha256 of the resource>/     1777
 *     /run/lock/sitrep/<sha256>/<lock id>            0644: by, incident, step, at, boot, and a new `until` now and then
 *     /run/lock/sitrep/<sha256>/<lock id>.over       made by whoever took that lock over; it counts for nothing then
 *     /run/lock/sitrep/.last-<uid>                   which resources this user gave back, and when, the last 20
 *
 * A record is live while the host was not rebooted since, nobody took it over, and either a job holds its flock or its `until`
 * has not passed. So a lock whose console died lives exactly as long as its job. Another user's record can't be removed in a
 * sticky folder, and need not be: a dead one is passed by.
 *
 * A lock that is asked for together with an inspection `looks` until it is said that it `keeps`: whoever meets such a one
 * waits a moment, for most of them are given back at once.
 */

/** The folder of a resource. */
export const hashOfResource = (resource: string): string =>
  createHash('sha256').update(resource).digest('hex')

const processId = randomBytes(8).toString('hex')

/** Tells what a holder of this process gave back from what others did. */
const originOf = ({ by, incident }: LockRequest): string =>
  createHash('sha256')
    .update(JSON.stringify([processId, by, incident]))
    .digest('hex')
    .slice(0, 16)

/** One line, without what would break the form of a record or of a mark. */
const plain = (text: string) =>
  Buffer.from(text.replace(/\p{C}+/gu, ' '))
    .subarray(0, 160)
    .toString('utf8')
    .trim()

const names = (request: Pick<LockRequest, 'id' | 'resources'>) => {
  const hashes = request.resources.map(hashOfResource)
  return `LKI=${quote(request.id)} LKH=${quote(hashes.join(' '))}`
}

/** Takes or joins the lock, and leaves the mutex held; or says whose it is (`locked`) or why not (`lockfailed`), and exits 0. */
const take = (request: LockRequest, nonce: string) => {
  const [first = ''] = request.resources.map(hashOfResource)
  const { by, incident, step } = request
  const lines = ['"lock $LKI"']
  for (const [key, value] of Object.entries({ by, incident, step }))
    lines.push(quote(`${key} ${plain(value)}`))
  if (request.looks === true) lines.push(quote('looks'))
  return `${lockFunctions(nonce)}${names(request)} LKO=${quote((request.over ?? []).join(' '))} LKJ=${request.joins === undefined ? '' : Math.ceil(request.joins)}
lkplace || exit 0
LKL=$LKR/${first}/$LKI
lktaking() { case " $LKO " in *" $1 "*) ;; *) false;; esac; }
lktry() (
  umask 0; lkup; lkseen=; lkin "$LKR" || { lksay lockfailed "$LKR is not a folder"; exit 2; }
  lkrecent() { lksay recent "$1"; [ -n "$lkseen" ] && [ "$lkseen" -le "$1" ] || lkseen=$1; }
  for f in "$LKR"/.last-*; do
    [ -f "$f" ] && [ ! -L "$f" ] || continue
    while read -r t h w; do
      case $t in 0*|''|*[!0-9]*) continue;; esac
      case " $LKH " in *" $h "*) [ "$w" = ${originOf(request)} ] || lkrecent "$((LKT - t))";; esac
    done <"$f"
  done
  for h in $LKH; do
    [ -d "$LKR/$h" ] || mkdir -m 1777 -- "$LKR/$h" 2>/dev/null
    lkin "$LKR/$h" || { lksay lockfailed "$LKR/$h is not a folder of locks"; exit 2; }
    for f in *; do
      case $f in *[!0-9A-Za-z-]*|"$LKI") continue;; esac
      [ -f "$f" ] && [ ! -L "$f" ] || continue
      if lklive "$f"; then
        if lktaking "$f"; then lksay over "$(lktell "$f" "$h")"
        elif [ -n "$lklooks" ] && [ $lkrun = 0 ] && [ $1 -lt 30 ]; then exit 3
        else lksay locked "$(lktell "$f" "$h")"; exit 1; fi
      else lkrecent 0; rm -f -- "$f" "$f.over" 2>/dev/null; fi
    done
    [ ! -e "$LKI.over" ] || { lksay lockfailed 'it was taken over meanwhile'; exit 2; }
  done
  if [ -n "$LKJ" ] && [ ! -e "$LKL" ] && [ -n "$lkseen" ] && [ "$lkseen" -le "$LKJ" ]; then
    lksay lockfailed 'it was lost with the link, and another had it meanwhile'; exit 2
  fi
  umask 022
  for h in $LKH; do
    lkin "$LKR/$h" || exit 2
    if [ -e "$LKI" ]; then :
    elif [ "$h" = ${first} ]; then
      { set -C; printf '%s\\n' ${lines.join(' ')} "at $LKT" "boot $LKB" >"$LKI"; set +C; } 2>/dev/null
    else ln -- "$LKL" "$LKI" 2>/dev/null; fi
    [ -f "$LKI" ] && [ ! -L "$LKI" ] && [ -O "$LKI" ] && [ -s "$LKI" ] || { lkdrop; lksay lockfailed "$LKR/$h can not be written"; exit 2; }
    for o in $LKO; do if [ -e "$o" ]; then (set -C; echo "$LKI" >"$o.over") 2>/dev/null; fi; done
  done
)
lkw=0
while :; do
  lkmutex || exit 0
  lktry $lkw && break
  lkc=$?
  # What was made for it, and is empty.
  for h in $LKH; do rmdir -- "$LKR/$h"; done 2>/dev/null
  lkfree; [ $lkc = 3 ] || exit 0
  lkw=$((lkw + 1)); sleep 0.1 2>/dev/null || sleep 1
done
[ -z "$LKX" ] || lksay unexcluded "$LKX"`
}

/** What a job needs in order to have its resources to itself. */
export interface LockText {
  /** Takes the lock, or says whose it is and exits 0. */
  take: string
  /** Holds it for as long as the supervisor lives. */
  hold: string
}

/**
 * Shell text that takes a lock for a job, or joins it where it stands under the same id already; for a job's start text, whose
 * nonce it is given. It leaves cwd, umask and traps as they were; its names begin with `lk` and `LK`.
 *
 * - `take` stands before the folder of the job is made, and only where that is not there yet: attaching wants no lock, for the
 *   lock in the way may be that of this very job.
 * - Where the resource is another's it says the mark `locked …` and exits 0: nothing was started. `holderOf` (holder.ts) makes
 *   of its value what `RunResult.lockedBy` holds; `sayHolder` (model/lock.ts) says it as the `problem` and as `Job.refused`. Where the lock can't be had at
 *   all the mark is `lockfailed WHY`, and nothing was started either (`endedBy: 'exit'`, a problem). The marks `unexcluded`,
 *   `over` and `recent` may be left alone.
 * - Else it goes on with descriptor 7, which holds the lock by flock. The supervisor inherits it. Its command must not (`7<&-`
 *   where its subshell closes the others): a daemon that it starts would hold the lock for ever. What follows the job should
 *   not either.
 * - `hold` stands in the supervisor, where `$$` is its pid and `$b` its birth.
 */
export function lockText(request: LockRequest, nonce: string): LockText {
  return {
    take: `${take(request, nonce)}
lkopen || { lkfree; exit 0; }
if [ -n "$LKF" ]; then flock -s -n 7 2>/dev/null || { lksay lockfailed "flock of $LKL failed"; exit 0; }
else echo "until $((LKT + 10))" >>"$LKA"; fi
SITREP_LOCK=$LKL; export SITREP_LOCK
lkfree`,
    hold: `LKL=$SITREP_LOCK; unset SITREP_LOCK
LKF=; command -v flock >/dev/null 2>&1 && LKF=1
LKA=$LKL; [ ! -e /proc/self/fd/7 ] || LKA=/proc/self/fd/7
[ -n "$LKF" ] || printf 'job %s %s\\n${request.alone === true ? 'until 0\\n' : ''}' $$ "$b" >>"$LKA"${request.alone === true ? `\n${endAlone(request)}` : ''}`,
  }
}

/** With the job goes the lock that it alone holds: free at once, then removed; who waits for the job does so by descriptor 6. */
const endAlone = (request: LockRequest) => `${names(request)}
lkend() {
  exec 7<&- 6>&-; LKR=\${LKL%/*/*}
  [ -z "$LKF" ] || { exec 6<"$LKR"; n=0; flock -w 2 6 || until flock -n 6 || [ $n = 50 ]; do n=$((n + 1)); sleep 0.02 || sleep 1; done; }
  # Where rm takes no folder, or one of them is not empty, rmdir says which stay.
  set --; for h in $LKH; do set -- "$@" "$LKR/$h/$LKI" "$LKR/$h"; done; rm -fd -- "$@" && return
  set --; for h in $LKH; do set -- "$@" "$LKR/$h/$LKI"; done; rm -f -- "$@"
  set --; for h in $LKH; do set -- "$@" "$LKR/$h"; done; rmdir -- "$@"
}
trap 'lkend 2>/dev/null' EXIT`

/** Removes the record where no job holds it, else leaves it to the job; the mutex is taken and given back. */
const giveBack = (request: LockRequest) => `lkmutex && {
  lkread "$LKL"
  if lkruns "$LKL"; then echo 'until 0' >&8
  else
    lkdrop; lkup; LKU=$(id -u)
    (
      lkin "$LKR" && umask 022 && set -C || exit
      f=.last-$LKU; lkplain "$f" || { [ ! -e "$f" ] && [ ! -L "$f" ] || exit; }
      { for h in $LKH; do echo "$LKT $h ${originOf(request)}"; done; lklast "$f"; } >.new-$LKU.$$ && mv -f -- .new-$LKU.$$ "$f" || rm -f -- .new-$LKU.$$
    ) 2>/dev/null
  fi
  lkfree
}`

/**
 * Shell text that takes a lock and keeps it until its stdin ends, or says `release`. Each other line moves its end `seconds` on;
 * without one it runs out by itself. `keep` says that it does not only look any more. `leave` ends the text and leaves the lock
 * behind, which runs out, is joined by a job, or is taken again under its id. Marks: `held`; `overtaken` where somebody
 * took it over, which ends it; before `held` as `lockText`.
 */
export function keepText(request: LockRequest, nonce: string, seconds: number): string {
  return `${take(request, nonce)}
lkopen || { lkfree; exit 0; }
{
  lkrenew() { lkup; echo "until $((LKT + ${seconds}))" >&8; }
  ${request.looks === true ? '' : 'echo keeps >&8; '}lkrenew; lkfree; lksay held
  trap : TERM INT HUP
  while IFS= read -r x; do
    case $x in release) break;; keep) echo keeps >&8;; leave) lkrenew; exit 0;; esac
    if [ -e "$LKL.over" ]; then lksay overtaken; break; fi
    lkrenew
  done
  ${giveBack(request)}
} 8>>"$LKA"`
}
