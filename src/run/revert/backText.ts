/**
 * Shell functions of a revert that take changes back, one for each kind, by the same scripts that made them. What was done
 * is kept in `DONE`, and the first thing that went wrong in `BAD`: nothing is taken back after it.
 */
export const backText = `
BAD= FILES=0 TOUCHED= DONE=
bad() { BAD="\${BAD:+$BAD; }$*"; }
did() { DONE="\${DONE:+$DONE; }$*"; }
said_by() { printf %s "$1" | tail -n 1 | sed 's/^sitrep: //'; }
# name, base64: a file for what goes to a stdin or into a file, whole or not at all
lay_in() { printf %s "$2" | base64 -d >"$D/in-$1" 2>/dev/null || bad "no room for what it needs to take this back"; }
# path, former sha256, backup or nothing: whether the step ever came so far as to replace it
touched() {
  FILES=1
  [ "$(sum_of "$1")" = "$2" ] && { [ -z "$3" ] || [ ! -e "$3" ]; } || TOUCHED=1
}
# path, what the step left, the file to copy, its sha256, mode, owner, group
put_back() {
  [ -z "$BAD" ] || return 0
  now=$(sum_of "$1")
  [ "$now" != "$4" ] || return 0
  [ "$now" = "$2" ] || { bad "$1 is not as the step left it (sha256 $now), so it was not touched"; return 0; }
  said=$(sh -c "$PUT" sh "$1" "$2" "" "$5" "$6" "$7" "$3" "$4" "$ID" "" 2>&1) || [ "$(sum_of "$1")" = "$4" ] ||
    { bad "$(said_by "$said")"; return 0; }
  did "$1 put back"
}
# path, what the step left
remove_again() {
  [ -z "$BAD" ] || return 0
  now=$(sum_of "$1")
  [ "$now" != absent ] || return 0
  [ "$now" = "$2" ] || { bad "$1 is not as the step left it (sha256 $now), so it was not touched"; return 0; }
  said=$(sh -c "$REMOVE" sh "$1" "$2" 2>&1) || { bad "$(said_by "$said")"; return 0; }
  did "$1 removed"
}
# path, former target, what the step left
link_back() {
  [ -z "$BAD" ] || return 0
  [ "$(readlink -- "$1")" != "$2" ] || return 0
  said=$(sh -c "$LINK" sh "$1" "$2" "$3" "$ID" 2>&1) || { bad "$(said_by "$said")"; return 0; }
  did "$1 put back"
}
# what it does, seconds, stdin, folder or nothing; then the command. A reload makes no sense where no file was replaced.
run_back() {
  what=$1 secs=$2 in=$3 dir=\${4:-$W}; shift 4
  [ -z "$BAD" ] || return 0
  [ "$FILES" = 0 ] || [ -n "$TOUCHED" ] || return 0
  if command -v timeout >/dev/null 2>&1; then set -- timeout -k 5 "$secs" "$@"; fi
  # What it leaves running must not hold the lock of what waits.
  (exec 9>&-; cd -- "$dir" && umask "$U" && exec "$@" <"$in") >>"$D/out" 2>&1
  c=$?
  [ $c -eq 0 ] && did "$what" || bad "$what: exit $c: $(tail -n 1 "$D/out" | flat)"
}
# path, former sha256
as_before() {
  now=$(sum_of "$1")
  if [ "$now" = "$2" ]; then SAME="\${SAME:+$SAME, }$1"; else OTHER="\${OTHER:+$OTHER, }$1"; fi
}
`
