import type { Reader, Sha256 } from '../../model/command.ts'
import { SitrepError } from '../../model/errors.ts'
import type { ToText } from '../../model/said.ts'
import { stdoutOf, whyFailed } from './result.ts'

/** A regular file as it stands on a host; `link` is where `path` itself points when it is a symbolic link. */
export interface FileFacts {
  is: 'file'
  sha256: Sha256
  size: number
  /** Octal, four digits. */
  mode: string
  /** Names, or numbers where the host has no name for them. */
  owner: string
  group: string
  /** The path with every link resolved; what a put replaces. */
  real: string
  link?: string
  hardLinks: number
  /** Who looked, where he may not write in the file's folder, and so may not replace it. */
  notWritableBy?: string
}

/** What stands at a path: a file, nothing (`real` is where it would be), something else, or something not readable. */
export type PathFacts =
  | FileFacts
  | { is: 'absent'; real: string; link?: string; notWritableBy?: string }
  | { is: 'other'; kind: string }
  | { is: 'unreadable'; reason: string; by: string }

/** A looked-at path, with the file's bytes where it is not larger than the limit that was asked for. */
export interface Look {
  facts: PathFacts
  bytes?: Uint8Array
}

// One command for all paths, so that an inspection costs one round trip. Names go as base64 for they may hold blanks.
// `stat` tells an absent file from a folder that may not be searched, which `test -e` does not.
const script = `
limit=$1; shift
b64() { printf %s "$1" | base64 | tr -d '\\n'; }
me=$(id -un 2>/dev/null || id -u)
for p do
  link=-; [ -L "$p" ] && link=$(b64 "$(readlink -- "$p")")
  real=$(readlink -f -- "$p" 2>/dev/null) || real=$p
  by=-; [ -w "\${real%/*}/" ] || by=$(b64 "$me")
  if ! st=$(LC_ALL=C stat -L -c '%s %a %U %G %u %g %h %F' -- "$p" 2>&1); then
    case $st in
      *'No such file'*|*'Not a directory'*) echo "absent $(b64 "$real") $link $by" ;;
      *) echo "unreadable $(b64 "$me") $(b64 "\${st##*: }")" ;;
    esac
    continue
  fi
  if [ ! -f "$p" ]; then echo "other $(b64 "\${st#* * * * * * * }")"; continue; fi
  if ! sum=$(LC_ALL=C sha256sum 2>&1 <"$p"); then echo "unreadable $(b64 "$me") $(b64 'Permission denied')"; continue; fi
  content=-
  if [ "\${st%% *}" -le "$limit" ]; then content==$(base64 <"$p" | tr -d '\\n'); fi
  echo "file \${sum%% *} $(b64 "$real") $link $by $content $st"
done
`

/**
 * Looks at paths on a host in one round trip: what is there, its sha256, owner and mode, and its bytes where it is not
 * larger than `contentUpTo` (default 0: no bytes). Throws SitrepError('failed') where the host could not be asked.
 */
export async function lookAt(
  host: Reader,
  paths: readonly string[],
  o: { text: ToText; contentUpTo?: number },
): Promise<Look[]> {
  const limit = o.contentUpTo ?? -1
  const result = await host.run({ argv: ['sh', '-c', script, 'sh', String(limit), ...paths] })
  const lines = stdoutOf(result)
    .split('\n')
    .filter((line) => line !== '')
  if (result.endedBy !== 'exit' || lines.length !== paths.length || result.stdout.cut)
    throw new SitrepError('failed', `can't look at ${paths.join(', ')}: ${whyFailed(result, o.text)}`)
  return lines.map(parse)
}

/** Looks at one path; see `lookAt`. */
export async function lookAtOne(
  host: Reader,
  path: string,
  o: { text: ToText; contentUpTo?: number },
): Promise<Look> {
  const [look] = await lookAt(host, [path], o)
  return look!
}

function parse(line: string): Look {
  const [is, ...rest] = line.split(' ')
  if (is === 'absent')
    return {
      facts: {
        is,
        real: text(rest[0]!),
        ...optional('link', rest[1]!),
        ...optional('notWritableBy', rest[2]!),
      },
    }
  if (is === 'other') return { facts: { is, kind: text(rest[0]!) } }
  if (is === 'unreadable') return { facts: { is, by: text(rest[0]!), reason: text(rest[1]!) } }
  const [sha256, real, link, by, content, size, mode, owner, group, uid, gid, hardLinks] = rest as string[]
  const facts: FileFacts = {
    is: 'file',
    sha256: sha256!,
    size: Number(size),
    mode: mode!.padStart(4, '0'),
    owner: owner === 'UNKNOWN' ? uid! : owner!,
    group: group === 'UNKNOWN' ? gid! : group!,
    real: text(real!),
    ...optional('link', link!),
    hardLinks: Number(hardLinks),
    ...optional('notWritableBy', by!),
  }
  return content === '-' ? { facts } : { facts, bytes: Buffer.from(content!.slice(1), 'base64') }
}

function optional<K extends string>(key: K, field: string): { [key in K]?: string } {
  return (field === '-' ? {} : { [key]: text(field) }) as { [key in K]?: string }
}

function text(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8')
}
