import { dirname, isAbsolute, join } from 'node:path'
import type { Reader } from '../../model/command.ts'
import { SitrepError } from '../../model/errors.ts'
import type { ToText } from '../../model/said.ts'
import { stdoutOf, whyFailed } from './result.ts'

/** How nginx is called: the program, and `-c`, `-p` where it does not run with its defaults. */
export interface NginxWay {
  nginx: string
  args: string[]
  unit: string
}

/** What the configuration names, as `nginx -T` prints it; paths are absolute. */
export interface NginxConfig {
  test: { is: 'ok' } | { is: 'refused'; reason: string } | { is: 'denied'; by: string; reason: string }
  /** Every file of the configuration. */
  files: string[]
  /** Certificates, keys and the like, which nginx reads at a reload only. */
  certificates: string[]
  /** Folders that an `include` with a wildcard reads: a file that was removed shows only there. */
  folders: string[]
  errorLogs: string[]
  /** The master's pid file; its pid where the configuration was refused, for then nginx names no file. */
  master: string
  /** The main process of the systemd unit, where it is active. */
  unitPid?: number
}

// `nginx -T` makes an empty pid file and log files where they are missing, so it is asked only where a master runs; that
// exception stands in docs/security.md. Of what it dumps only names leave the host. A line with several directives gives
// its last one. Masters of containers stand in /proc too and are told apart by their pid namespace where it may be read.
const script = `
nginx=$1 unit=$2; shift 2
own=$(readlink /proc/self/ns/pid 2>/dev/null)
running= masters=
for d in /proc/[0-9]*; do
  c=
  { IFS= read -r c <"$d/cmdline"; } 2>/dev/null
  case $c in 'nginx: master process'*) ;; *) continue ;; esac
  ns=$(readlink "$d/ns/pid" 2>/dev/null)
  [ -z "$ns" ] || [ "$ns" = "$own" ] || continue
  running=1
  masters="$masters
master \${d#/proc/} $c"
done
echo "me $(id -un)"
[ -n "$running" ] || { echo idle; exit 0; }
echo "$masters"
command -v systemctl >/dev/null 2>&1 && echo "unit $(systemctl show --property=MainPID --value -- "$unit" 2>/dev/null)"
"$nginx" -V 2>&1 | tr ' ' '\\n' | sed -n -e 's/^--prefix=/prefix /p' -e 's/^--conf-path=/conf /p' \\
  -e 's/^--pid-path=/default_pid /p' -e 's/^--error-log-path=/default_log /p'
"$nginx" "$@" -T 2>&1 | sed -nE \\
  -e '/^# configuration file .*:$/{s/^# configuration file (.*):$/file \\1/p;d;}' \\
  -e '/^(nginx: |[0-9]{4}\\/[0-9]{2}\\/[0-9]{2} )/{s/^/said /p;d;}' \\
  -e '/^[[:space:]]*#/d' \\
  -e 's/^(.*[[:space:];{}])?(pid|error_log|include|ssl_certificate|ssl_certificate_key|ssl_trusted_certificate|ssl_client_certificate|ssl_dhparam|ssl_crl|ssl_session_ticket_key)[[:space:]]+([^;]*);.*$/\\2 \\3/p'
`

/** Asks nginx for its configuration; undefined where no nginx runs. Throws SitrepError('failed') where it can't be asked. */
export async function lookAtNginxConfig(
  host: Reader,
  way: NginxWay,
  text: ToText,
): Promise<NginxConfig | undefined> {
  const argv = ['sh', '-c', script, 'sh', way.nginx, way.unit, ...way.args]
  const result = await host.run({ argv, timeoutMs: 20_000 })
  const lines = stdoutOf(result)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1).trim()] as const)
  if (result.endedBy !== 'exit' || lines.length === 0)
    throw new SitrepError('failed', `can't ask nginx: ${whyFailed(result, text)}`)
  if (stdoutOf(result).endsWith('\nidle\n')) return undefined
  const all = (name: string) => lines.filter(([key]) => key === name).map(([, value]) => unquote(value))
  const prefix = given(way.args, '-p') ?? all('prefix')[0] ?? '/'
  const conf = absolute(prefix, given(way.args, '-c') ?? all('conf')[0] ?? 'conf/nginx.conf')
  const beside = (path: string) => absolute(dirname(conf), path)
  const logs = [...all('default_log'), ...all('error_log')].map((value) => unquote(value.split(/\s+/)[0]!))
  const pid = all('unit').map(Number)[0]
  return {
    test: verdictOf(all('said'), all('me')[0] ?? ''),
    files: all('file'),
    certificates: unique(lines.filter(([key]) => key.startsWith('ssl_')).map(([, value]) => unquote(value)))
      .filter((path) => !/[$]|^(?:data|engine):/.test(path))
      .map(beside),
    folders: unique(
      all('include')
        .filter((path) => /[*?[]/.test(path))
        .map((path) => dirname(beside(path))),
    ),
    errorLogs: unique(
      logs
        .filter((path) => !/^(?:stderr|syslog:|memory:|\/dev\/)/.test(path))
        .map((path) => absolute(prefix, path)),
    ),
    master:
      all('file').length > 0
        ? absolute(prefix, all('pid').at(-1) ?? all('default_pid')[0] ?? 'logs/nginx.pid')
        : String(pid !== undefined && pid > 0 ? pid : likelyMaster(all('master'), way.args)),
    ...(pid !== undefined && pid > 0 ? { unitPid: pid } : {}),
  }
}

function verdictOf(said: string[], by: string): NginxConfig['test'] {
  if (said.some((line) => /test is successful$/.test(line))) return { is: 'ok' }
  const worst = said.findLast((line) => /\[emerg\]/.test(line)) ?? said.at(-1) ?? 'nginx said nothing'
  const reason = worst.replace(/^.*?\[emerg\] (?:\d+#\d+: )?/, '').replace(/^nginx: /, '')
  if (/13: Permission denied/.test(reason) && by !== 'root') return { is: 'denied', by, reason }
  return { is: 'refused', reason }
}

// `12 nginx: master process nginx -c /etc/other.conf`; 0 where several could be meant.
function likelyMaster(masters: string[], args: string[]): number {
  const config = given(args, '-c')
  const fitting = masters.filter((line) =>
    config === undefined ? !/ -c /.test(line) : line.includes(config),
  )
  return fitting.length === 1 ? Number.parseInt(fitting[0]!, 10) : 0
}

function given(args: string[], option: string): string | undefined {
  const at = args.indexOf(option)
  return at === -1 ? undefined : args[at + 1]
}

function absolute(folder: string, path: string): string {
  return isAbsolute(path) ? path : join(folder, path)
}

function unquote(text: string): string {
  return text.replace(/^(["'])(.*)\1$/, '$2')
}

function unique(list: string[]): string[] {
  return [...new Set(list)]
}
