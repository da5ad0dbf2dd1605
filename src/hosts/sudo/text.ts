import type { Command } from '../../model/command.ts'
import { quote, shellLine } from '../quote.ts'
import { environment, pathWord, type WrapContext } from '../wrap.ts'

/*
 * sudo reads a password from the same stdin that its command reads afterwards. So nothing stands there until it is known
 * who reads: a relay hands on what the console sends, line by line.
 *
 *     sudo prints our nonce as its prompt   → the console sends `P` and the password; the relay gives it to sudo
 *     the watch sees that sudo has a child  → it prints `started`; the console sends `G`; the relay gives the payload
 *     neither                               → no byte goes to either
 *
 * A rule with NOPASSWD so never sees a password, a command never eats one, and a payload is never taken for one. The
 * relay is put in the background of the pipe's first part, so that the pipe is over when sudo is.
 */

/** What sudo gives root's commands where the sudoers file does not say (secure_path of Debian). */
const securePath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

const watchText = (nonce: string) => `procs() {
  if [ -r /proc/self/stat ]; then
    cat /proc/[0-9]*/stat 2>/dev/null | sed 's/^\\([0-9]*\\) (\\(.*\\)) . \\([0-9]*\\) \\([0-9]*\\) .*/\\1 \\3 \\4 \\2/'
  else ps -A -o pid= -o ppid= -o pgid= -o comm=; fi
}
look() {
  procs | awk -v g=$$ '{ up[$1] = $2; grp[$1] = $3; sudo[$1] = $4 ~ /(^|\\/)sudo$/ }
    END {
      for (i = 0; i < 4; i++) for (p in up) if (sudo[p] && (grp[p] == g || kin[up[p]])) kin[p] = 1
      for (p in up) { if (kin[p]) seen = 1; if (!sudo[p] && kin[up[p]]) exit 0 }
      exit seen ? 1 : 2
    }'
}
watch() {
  seen=0 n=0
  while kill -0 $$ 2>/dev/null; do
    look; case $? in 0) seen=9;; 1) seen=1;; *) [ $seen -gt 0 ] && seen=$((seen + 4));; esac
    [ $seen -ge 9 ] && { printf '%s\\n' ${nonce}:started >&2; return; }
    n=$((n + 1)); if [ $n -lt 60 ]; then sleep 0.04; else sleep 0.5; fi >/dev/null 2>&1 || sleep 1
  done
}`

const relayText = (give: string) => `relay() {
  while IFS= read -r R; do
    case $R in P*) printf %s "\${R#P}" | base64 -d; printf '\\n';; G) ${give}; return;; *) return;; esac
  done
  look && { ${give}; }
}`

/** Shell text that runs a command by sudo, with the step's exact words wherever it can. */
export function sudoText(o: {
  command: Command
  nonce: string
  as: string
  host: WrapContext['host']
  /** Names of the variables whose values were read into L0, L1, …; the payload into the one after them. */
  secrets: readonly string[]
  hasPayload: boolean
}): string {
  const { command, nonce, secrets } = o
  const gives = secrets.map((_, index) => `printf '%s\\n' "$L${index}"`)
  if (o.hasPayload) gives.push(`dec "$L${secrets.length}"`)
  return [
    `command -v sudo >/dev/null 2>&1 || { printf '%s\\n' ${nonce}:nosudo >&2; exit 1; }`,
    watchText(nonce),
    relayText(gives.join('; ') || ':'),
    `set -- ${shellLine(command.argv)}`,
    ...inner(o),
    ...enter(command),
    'exec 3<&0',
    'watch </dev/null & W=$!',
    `{ relay <&3 2>/dev/null & } | LC_MESSAGES=C LANGUAGE= sudo -S -p ${quote(`${nonce}:ask\n`)} -u ${quote(o.as)} -- "$@" 3<&-`,
    'c=$?',
    'kill $W 2>/dev/null; wait $W 2>/dev/null',
    `printf '%s\\n' ${nonce}:done >&2`,
    'exit $c',
  ].join('\n')
}

/** What stands between sudo and the command's own words, where it must: secrets, environment, PATH. */
function inner(o: { command: Command; host: WrapContext['host']; secrets: readonly string[] }): string[] {
  const { command, host, secrets } = o
  const assignments = environment(command, host, securePath)
  const words = `set -- env ${assignments.join(' ')} "$@"`
  const pathOnly = assignments.length === 1 && host.path.length > 0
  const wraps =
    assignments.length === 0 ? [] : [pathOnly ? ifPathCounts(command, host) + words + '; fi' : words]
  if (secrets.length === 0) return wraps
  const reads = secrets.map(
    (name) =>
      `IFS= read -r L || exit 1; V=$(printf %s "$L" | base64 -d; printf x); ${name}=\${V%x}; export ${name}`,
  )
  return [...wraps, `set -- sh -c ${quote([...reads, 'unset L V', 'exec "$@"'].join('\n'))} sitrep "$@"`]
}

const shells = /(^|\/)(sh|bash|dash|ash|zsh|ksh|env)$/

/** The host's PATH folders matter where the program is found only there, or is a shell that looks for others. */
function ifPathCounts(command: Command, host: WrapContext['host']): string {
  const program = command.argv[0] ?? ''
  if (shells.test(program)) return 'if :; then '
  const inFolder = host.path.map((folder) => `[ -x ${quote(folder)}/${quote(program)} ]`)
  const looks = program.includes('/')
    ? host.path.filter((folder) => program.startsWith(`${folder}/`)).map(() => ':')
    : [
        ...inFolder,
        `! (${pathWord({ path: [], env: {} }, securePath)}; command -v ${quote(program)} >/dev/null)`,
      ]
  return `if ${looks.join(' || ') || 'false'}; then `
}

/** The folder is entered outside of sudo, so that sudo gets the exact words; inside, where only the other user may enter. */
function enter(command: Command): string[] {
  if (command.cwd === undefined) return []
  const folder = quote(command.cwd)
  return [
    `CDPATH= cd -- ${folder} 2>/dev/null || set -- sh -c ${quote('cd -- "$0" && exec "$@"')} ${folder} "$@"`,
  ]
}
