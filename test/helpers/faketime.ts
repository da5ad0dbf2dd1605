import { existsSync, readdirSync } from 'node:fs'

const lib = existsSync('/usr/lib/faketime') ? '/usr/lib' : undefined
const multiarch = () =>
  readdirSync('/usr/lib')
    .map((name) => `/usr/lib/${name}`)
    .find((folder) => existsSync(`${folder}/faketime`))

/** Debian's libfaketime; undefined where the package `faketime` is not installed. */
export const libfaketime: string | undefined =
  process.platform === 'linux' && (lib ?? multiarch()) !== undefined
    ? `${lib ?? multiarch()}/faketime/libfaketime.so.1`
    : undefined

/** An environment in which programs see another time: `+1h`, or what stands in a file, which may change meanwhile. */
export function otherTime(o: { offset: string } | { file: string }): Record<string, string> {
  return {
    LD_PRELOAD: libfaketime ?? '',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    ...('offset' in o ? { FAKETIME: o.offset } : { FAKETIME_TIMESTAMP_FILE: o.file, FAKETIME_NO_CACHE: '1' }),
  }
}
