/**
 * Runs a command as a systemd unit would: as its User and Group, with its Environment and EnvironmentFiles. Values of
 * the environment go from systemd to the command within one shell by `export`, never through an argv, for they are often
 * tokens. Where there is no systemd, or no such unit, the command runs as it is.
 *
 * Arguments: unit (or empty), `look` or `do`, then the command. With `look` HOME is a folder that does not exist: Caddy
 * makes `$HOME/.step` whatever it is asked, and an inspection leaves nothing. Only root can become the unit's user;
 * anybody else runs it as himself, and what he may not read fails in the command's own words. setpriv, not runuser: PAM
 * would log a session for every look.
 *
 * `systemctl show` prints Environment as one line of words, quoted where they hold blanks:
 *
 *   A=1 "B=two words" "C=a \\"quoted\\" word"
 */
const script = `
_unit=$1 _home=$2; shift 2
_user= _group=
_set() {
  case \${1%%=*} in ''|[0-9]*|*[!A-Za-z0-9_]*) return ;; esac
  case $1 in _*|PATH=*|IFS=*) ;; *=*) export "$1" ;; esac
}
_words() {
  _rest=$1 _word= _quoted=
  while [ -n "$_rest" ]; do
    _c=\${_rest%"\${_rest#?}"}; _rest=\${_rest#?}
    case $_quoted$_c in
      '"') _quoted='"' ;;
      '""') _quoted= ;;
      '\\'|'"\\') _word=$_word\${_rest%"\${_rest#?}"}; _rest=\${_rest#?} ;;
      ' ') _set "$_word"; _word= ;;
      *) _word=$_word$_c ;;
    esac
  done
  _set "$_word"
}
_file() {
  while IFS= read -r _line || [ -n "$_line" ]; do
    _line=\${_line#"\${_line%%[![:space:]]*}"}
    case $_line in ''|'#'*|';'*) continue ;; esac
    _key=\${_line%%=*} _value=\${_line#*=}
    _key=\${_key%"\${_key##*[![:space:]]}"}
    _value=\${_value#"\${_value%%[![:space:]]*}"}
    _value=\${_value%"\${_value##*[![:space:]]}"}
    case $_value in
      '"'*'"') _value=\${_value#?}; _value=\${_value%?} ;;
      "'"*"'") _value=\${_value#?}; _value=\${_value%?} ;;
    esac
    _set "$_key=$_value"
  done <"$1"
}
if [ -n "$_unit" ] && command -v systemctl >/dev/null 2>&1; then
  _show() { systemctl show --property="$1" --value -- "$_unit" 2>/dev/null; }
  _user=$(_show User) _group=$(_show Group)
  _words "$(_show Environment)"
  _files=$(_show EnvironmentFiles)
  while IFS= read -r _path; do
    [ -n "$_path" ] || continue
    case $_path in *'(ignore_errors=no)') _must=1 ;; *) _must= ;; esac
    _path=\${_path% (ignore_errors=*}
    if [ -r "$_path" ]; then _file "$_path"
    elif [ -n "$_must" ]; then
      echo "sitrep: $(id -un) can't read $_path, the environment of $_unit" >&2
      exit 71
    fi
  done <<EOF
$_files
EOF
fi
[ "$_home" = do ] || export HOME=/nonexistent
if [ -z "$_user" ] || [ "$_user" = "$(id -un)" ] || [ "$(id -u)" -ne 0 ]; then exec "$@"; fi
if [ "$_home" = do ]; then
  _entry=$(getent passwd "$_user"); _entry=\${_entry%:*}
  export HOME="\${_entry##*:}" USER="$_user" LOGNAME="$_user"
fi
exec setpriv --reuid="$_user" --regid="\${_group:-$(id -g "$_user")}" --init-groups -- "$@"
`

/** The argv that runs `argv` as a unit would; `look` leaves nothing behind, `do` is for validation and changes. */
export function asUnit(unit: string | undefined, how: 'look' | 'do', argv: readonly string[]): string[] {
  return ['sh', '-c', script, 'sh', unit ?? '', how, ...argv]
}
