import type { CliCommand } from '../command.ts'
import { out, say } from '../output.ts'

export const command: CliCommand = {
  name: 'archive',
  register(program) {
    program
      .command('archive')
      .argument('<incident>', 'the incident, or the beginning of its id')
      .summary('pack an incident into one file')
      .description(
        'Packs the record, logs, artifacts and exports of an incident into one file that only you may read, and prints its path. `sitrep open` takes it in elsewhere; verify, timeline, export and scan read it as it is; `tar xzf` unpacks it.',
      )
      .option('-o, --output <file>', 'where to; <id>.sitrep.tgz here where not given')
      .addHelpText(
        'after',
        '\nExamples:\n  sitrep archive 2026-11-20-core\n  sitrep archive 2026-11-20-core -o /mnt/backup/core.sitrep.tgz',
      )
      .action(async (prefix: string, o: { output?: string }) => {
        const { archiveName, writeArchive } = await import('../../journal/archive.ts')
        const { findIncident, incidentDir, stateRoot } = await import('../../journal/incidents.ts')
        const { finishErasing } = await import('../../compose/erase.ts')
        const { open } = await import('../../compose/incident.ts')
        const { inert } = await import('../../logs/inert.ts')
        const { requireFolder } = await import('../input.ts')
        const { sizeText } = await import('../print/size.ts')
        const root = stateRoot()
        const id = await findIncident(root, prefix)
        const file = o.output ?? archiveName(id)
        await requireFolder(file)
        // What is being erased must not get into the archive.
        await finishErasing(incidentDir(root, id))
        const { path, sha256, bytes, files, leftOut } = await writeArchive(incidentDir(root, id), file)
        out(inert(path))
        say(`${files} files, ${sizeText(bytes)}, sha256 ${sha256}`)
        for (const name of leftOut) say(inert(`left out, for it is no plain file: ${name}`))
        // Only now: the archive holds the record as it was when it was packed.
        const incident = await open(id)
        try {
          await incident.append('export.written', { path, format: 'archive', sha256 })
        } finally {
          await incident.close()
        }
      })
  },
}
