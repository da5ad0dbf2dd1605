// sha256sum [FILE…]: prints the sha256 of files, or of stdin.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'

const files = process.argv
  .slice(2)
  .filter((argument) => !['--', '-b', '-t', '--binary', '--text'].includes(argument))
for (const file of files.length > 0 ? files : ['-']) {
  const hash = createHash('sha256')
  try {
    await pipeline(file === '-' ? process.stdin : createReadStream(file), hash)
    const odd = /[\\\n\r]/.test(file)
    const shown = file.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
    process.stdout.write(`${odd ? '\\' : ''}${hash.digest('hex')}  ${shown}\n`)
  } catch (error) {
    const why = { ENOENT: 'No such file or directory', EACCES: 'Permission denied', EISDIR: 'Is a directory' }
    console.error(`sha256sum: ${file}: ${why[error.code] ?? error.message}`)
    process.exitCode = 1
  }
}
