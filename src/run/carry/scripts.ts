/**
 * How the scripts of `put`, `remove` and `link` end, each with its own exit code; their last line on stderr says it in
 * words, with the paths and both sha256 where two differ.
 */
export const exitCodes = {
  /** What is there is not what was expected; nothing was touched. */
  changed: 60,
  /** A folder, a device or a socket is in the way. */
  notAFile: 61,
  /** The folder is missing, read-only, or not ours to write. */
  notWritable: 62,
  noSpace: 63,
  /** The candidate was refused; the live file was not touched. */
  invalid: 64,
  noBackup: 65,
  /** Owner, group, mode or ACL could not be given to the candidate. */
  notOwner: 66,
  notRenamed: 67,
  /** The file to copy is missing, not readable, or another than planned. */
  source: 68,
  /** The new content did not arrive whole. */
  torn: 69,
} as const

const x = exitCodes

/** Shared by all: `fail CODE WORDS`, `sum FILE`, `resolve PATH` (sets real, dir), and the check of what is expected. */
const common = `
set -u
umask 077
fail() { code=$1; shift; printf "sitrep: %s\\n" "$*" >&2; exit "$code"; }
sum() { s=$(sha256sum <"$1") || return 1; printf %s "\${s%% *}"; }
me() { id -un 2>/dev/null || id -u; }
resolve() {
  real=$(readlink -f -- "$1") || fail ${x.notWritable} "the folder of $1 does not exist"
  dir=\${real%/*}; dir=\${dir:-/}
  [ -d "$dir" ] || fail ${x.notWritable} "the folder $dir does not exist"
}
expected() {
  if [ -e "$real" ]; then
    [ -f "$real" ] || fail ${x.notAFile} "$real is not a regular file"
    now=$(sum "$real") || fail ${x.changed} "$(me) may not read $real"
  else
    now=absent
  fi
  [ "$now" = "$1" ] || fail ${x.changed} "$real was changed meanwhile: expected sha256 $1, found $now; nothing was touched"
}
refused() {
  case $1 in
    *"No space left"*|*"uota exceeded"*) fail ${x.noSpace} "no space left in $dir" ;;
    *"Read-only file system"*) fail ${x.notWritable} "the file system of $dir is read-only" ;;
    *"Permission denied"*|*"cannot create"*) fail ${x.notWritable} "$(me) may not write in $dir" ;;
    *) fail ${x.notWritable} "cannot write in $dir: $1" ;;
  esac
}
`

/**
 * Replaces one file. Arguments: path, expected sha256 or `absent`, backup or empty, mode, owner, group (each may be
 * empty), a file to copy or empty, its sha256, a token for the candidate's name, `private` for a
 * backup that only its owner may read (or empty); then the validating command, if any.
 * Where there is no file to copy, stdin holds one line with the sha256 of the content, then the content.
 *
 * The order is what makes it safe: look, write the candidate beside the target, give it its owner and mode, validate it,
 * keep the former file, look again, rename. Until the rename nothing of the target has changed, and a trap removes the
 * candidate and the backup of a change that did not come to its end.
 *
 * No single quote but where it must be: each of the levels of quoting that carry the script to the host makes four or more
 * characters of one, and ssh2's server takes no packet above 35,000 bytes.
 *
 * The candidate is hidden, so that `include *` of nginx and its like does not read it, and keeps its extension, for some
 * validators go by it.
 */
export const putScript = `${common}
path=$1 expect=$2 backup=$3 mode=$4 owner=$5 group=$6 copy=$7 want=$8 token=$9
shift 9
private=$1
shift
resolve "$path"
expected "$expect"
cand=$dir/.sitrep-$token.\${real##*/}
kept=
trap 'rm -f -- "$cand"; [ -z "$kept" ] || rm -f -- "$kept"' EXIT
trap "exit 143" HUP INT TERM

set -C
if [ -n "$copy" ]; then
  [ -f "$copy" ] && [ -r "$copy" ] || fail ${x.source} "$(me) cannot read $copy"
  said=$( { LC_ALL=C cat <"$copy" >"$cand"; } 2>&1 ) || refused "$said"
else
  IFS= read -r want || fail ${x.torn} "the new content did not arrive"
  said=$( { LC_ALL=C cat >"$cand"; } 2>&1 ) || refused "$said"
fi
set +C
said=$(LC_ALL=C sync -d -- "$cand" 2>&1) || case $said in *"rror syncing"*) refused "$said" ;; *) sync ;; esac
got=$(sum "$cand") || refused "the candidate is not readable"
if [ "$got" != "$want" ]; then
  [ -z "$copy" ] || fail ${x.source} "$copy was changed meanwhile: expected sha256 $want, found $got; nothing was touched"
  fail ${x.torn} "the new content did not arrive whole; nothing was touched"
fi

if [ -e "$real" ]; then
  owner=\${owner:-$(stat -c %u -- "$real")} group=\${group:-$(stat -c %g -- "$real")}
  chcon --reference="$real" -- "$cand" 2>/dev/null
  case $(ls -ld -- "$real") in
    ??????????+*)
      { getfacl -cp -- "$real" | setfacl --set-file=- -- "$cand"; } 2>/dev/null ||
        fail ${x.notOwner} "the ACL of $real cannot be kept (are getfacl and setfacl installed?); nothing was touched" ;;
  esac
  mode=\${mode:-$(stat -c %a -- "$real")}
fi
if [ -n "$owner$group" ]; then
  chown -- "$owner\${group:+:$group}" "$cand" 2>/dev/null ||
    fail ${x.notOwner} "$(me) cannot give $real its owner $owner\${group:+:$group}; nothing was touched"
fi
chmod -- "\${mode:-0644}" "$cand" || fail ${x.notOwner} "cannot give $real its mode $mode; nothing was touched"

if [ $# -gt 0 ]; then
  n=$#
  while [ "$n" -gt 0 ]; do
    rest=$1 arg=
    shift
    while :; do
      case $rest in
        *"{candidate}"*) arg=$arg\${rest%%"{candidate}"*}$cand rest=\${rest#*"{candidate}"} ;;
        *) break ;;
      esac
    done
    set -- "$@" "$arg$rest"
    n=$((n - 1))
  done
  said=$("$@" </dev/null 2>&1) && rc=0 || rc=$?
  [ -z "$said" ] || printf "%s\\n" "$said" >&2
  if [ "$rc" -ne 0 ]; then
    last=$(printf "%s\\n" "$said" | grep . | tail -n 2 | tr "\\n" " ")
    fail ${x.invalid} "validation failed (exit $rc)\${last:+: \${last% }}; $real was not touched"
  fi
fi

if [ -n "$backup" ] && [ "$expect" != absent ]; then
  if [ -e "$backup" ] || [ -L "$backup" ]; then
    [ -f "$backup" ] && [ "$(sum "$backup")" = "$expect" ] ||
      fail ${x.noBackup} "$backup exists and holds something else; nothing was touched"
  else
    kept=$backup
    if [ -n "$private" ]; then umask 077; keep=; else keep=-p; fi
    said=$(LC_ALL=C cp $keep -- "$real" "$backup" 2>&1) || case $said in
      *"No space left"*|*"uota exceeded"*) fail ${x.noSpace} "no space left for the backup $backup" ;;
      *) fail ${x.noBackup} "cannot keep the former file as $backup" ;;
    esac
    LC_ALL=C sync -d -- "$backup" 2>/dev/null || sync
  fi
fi
expected "$expect"
mv -f -- "$cand" "$real" || fail ${x.notRenamed} "cannot rename the candidate to $real (is it a mount point, or immutable?); nothing was touched"
kept=
sync -- "$dir" 2>/dev/null || sync
printf "sitrep-put %s\\n" "$got"
`

/** Removes one file that has the expected sha256. Arguments: path, sha256. A link's target is removed, not the link. */
export const removeScript = `${common}
resolve "$1"
expected "$2"
said=$(LC_ALL=C rm -f -- "$real" 2>&1) || refused "$said"
sync -- "$dir" 2>/dev/null || sync
`

/** Points a link at a target by an atomic rename. Arguments: path, target, the expected target or empty for none, token. */
export const linkScript = `${common}
path=$1 target=$2 expect=$3 token=$4
dir=\${path%/*}; dir=\${dir:-/}
[ -d "$dir" ] || fail ${x.notWritable} "the folder $dir does not exist"
now=
if [ -L "$path" ]; then now=$(readlink -- "$path")
elif [ -e "$path" ]; then fail ${x.notAFile} "$path is there and is not a link"
fi
[ "$now" = "$expect" ] ||
  fail ${x.changed} "$path was changed meanwhile: expected \${expect:-no link}, found \${now:-no link}; nothing was touched"
cand=$dir/.sitrep-$token
trap 'rm -f -- "$cand"' EXIT
trap "exit 143" HUP INT TERM
said=$(LC_ALL=C ln -s -- "$target" "$cand" 2>&1) || refused "$said"
mv -fT -- "$cand" "$path" || fail ${x.notRenamed} "cannot rename the new link to $path; nothing was touched"
sync -- "$dir" 2>/dev/null || sync
`
