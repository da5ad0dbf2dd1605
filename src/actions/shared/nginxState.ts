import type { Reader } from '../../model/command.ts'
import { SitrepError } from '../../model/errors.ts'
import { type ToText, wholeText } from '../../model/said.ts'
import type { NginxConfig } from './nginxConfig.ts'
import { stdoutOf, whyFailed } from './result.ts'

/** A process of nginx; `started` in milliseconds since 1970 by the host's clock, exact to about 20 ms. */
export interface NginxProcess {
  pid: number
  started: number
}

/** The processes of one nginx, the changing times of its files, and where its error logs end. */
export interface NginxState {
  master?: NginxProcess
  /** Workers that take connections; one that only finishes its last ones is not among them. */
  workers: NginxProcess[]
  /** When each path was last changed: its inode's change time, or that of a link to it, whichever is later. */
  changed: { path: string; at: number }[]
  logs: { path: string; size: number; inode: string }[]
}

// The change time, not the modification time: `cp -p` and `mv` bring an old modification time with new content. Of a
// folder the modification time counts: it tells an added or a removed name.
const script = `
pidfile=$1; shift
echo "now $(date +%s.%N) $(cut -d' ' -f1 /proc/uptime) $(getconf CLK_TCK)"
m=$pidfile
case $m in /*) m=; { read -r m <"$pidfile"; } 2>/dev/null ;; esac
case $m in ''|*[!0-9]*) m=0 ;; esac
title() { t=; { IFS= read -r t <"/proc/$1/cmdline"; } 2>/dev/null; }
begun() { l=; { IFS= read -r l <"/proc/$1/stat"; } 2>/dev/null; l=\${l##*) }; set -- $l; ppid=\${2:-} at=\${20:-}; }
title "$m"
case $t in
  'nginx: master process'*)
    begun "$m"; echo "master $m $at"
    for d in /proc/[0-9]*; do
      p=\${d#/proc/}
      title "$p"
      case $t in 'nginx: worker process is shutting down'*) continue ;; 'nginx: worker process'*) ;; *) continue ;; esac
      begun "$p"
      [ "$ppid" != "$m" ] || echo "worker $p $at"
    done ;;
esac
for p do
  case $p in
    file=*) p=\${p#file=}
      echo "file $(stat -L -c %.3Z -- "$p" 2>/dev/null || echo -) $(stat -c %.3Z -- "$p" 2>/dev/null || echo -) $p" ;;
    folder=*) p=\${p#folder=}; echo "file $(stat -L -c %.3Y -- "$p" 2>/dev/null || echo -) - $p" ;;
    log=*) p=\${p#log=}; [ ! -f "$p" ] || echo "log $(stat -L -c '%s %i' -- "$p") $p" ;;
  esac
done
`

/** Looks at nginx's processes, files and error logs; reads /proc and inodes only. */
export async function lookAtNginxState(
  host: Reader,
  config: Pick<NginxConfig, 'master' | 'files' | 'certificates' | 'folders' | 'errorLogs'>,
  text: ToText,
): Promise<NginxState> {
  const paths = [
    ...[...config.files, ...config.certificates].map((path) => `file=${path}`),
    ...config.folders.map((path) => `folder=${path}`),
    ...config.errorLogs.map((path) => `log=${path}`),
  ]
  const result = await host.run({
    argv: ['sh', '-c', script, 'sh', config.master, ...paths],
    timeoutMs: 20_000,
  })
  const lines = stdoutOf(result)
    .split('\n')
    .map((line) => line.split(' '))
  const now = lines.find(([key]) => key === 'now')
  if (now === undefined || result.endedBy !== 'exit')
    throw new SitrepError('failed', `can't look at nginx: ${whyFailed(result, text)}`)
  const [clock, uptime, ticks] = now.slice(1).map(Number) as [number, number, number]
  const processes = (name: string) =>
    lines
      .filter(([key]) => key === name)
      .map(([, pid, at]) => ({
        pid: Number(pid),
        started: Math.round((clock - uptime + Number(at) / ticks) * 1000),
      }))
  const [master] = processes('master')
  return {
    ...(master === undefined ? {} : { master }),
    workers: processes('worker'),
    changed: lines
      .filter(([key]) => key === 'file')
      .map(([, target, link, ...path]) => ({
        path: path.join(' '),
        at: Math.round(Math.max(...[target, link].map((at) => Number(at)).filter(Number.isFinite), 0) * 1000),
      })),
    logs: lines
      .filter(([key]) => key === 'log')
      .map(([, size, inode, ...path]) => ({ path: path.join(' '), size: Number(size), inode: inode! })),
  }
}

// The last line of what `head` cuts may end inside of a secret: it is left out.
const newLines = `
for e do
  size=\${e%%:*} e=\${e#*:}; inode=\${e%%:*} p=\${e#*:}
  [ "$(stat -L -c %i -- "$p" 2>/dev/null)" = "$inode" ] && [ "$(stat -L -c %s -- "$p")" -ge "$size" ] || size=0
  now=$(stat -L -c %s -- "$p" 2>/dev/null) drop=
  [ $(( \${now:-0} - size )) -le 65536 ] || drop='$d'
  tail -c "+$((size + 1))" -- "$p" 2>/dev/null | head -c 65536 | sed "$drop"
done
`

/** What was written to the error logs since a look, line by line, from behind the pipe; a log that was rotated since is read from its start. */
export async function newLogLines(host: Reader, since: NginxState['logs'], text: ToText): Promise<string[]> {
  if (since.length === 0) return []
  const args = since.map(({ path, size, inode }) => `${size}:${inode}:${path}`)
  const result = await host.run({ argv: ['sh', '-c', newLines, 'sh', ...args], timeoutMs: 20_000 })
  return wholeText(result.stdout, text)
    .split('\n')
    .filter((line) => line !== '')
}

/**
 * The lines that speak of the server itself: `bad` for error and above, `warnings` for warn. Lines that a request caused
 * name their client; a busy server writes those all the time.
 */
export function sortLogLines(lines: readonly string[]): { bad: string[]; warnings: string[] } {
  const own = lines.filter((line) => !/, client: /.test(line))
  const at = (levels: RegExp) => own.filter((line) => levels.test(/^\S+ \S+ \[(\w+)\]/.exec(line)?.[1] ?? ''))
  return { bad: at(/^(?:emerg|alert|crit|error)$/), warnings: at(/^warn$/) }
}
