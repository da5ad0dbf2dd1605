// A process of its own that erases one event or file of an incident; the test ends it somewhere in between.
import { erase, findErasure } from '../../src/journal/erase.ts'
import { openJournal } from '../../src/journal/open.ts'

const [dir, what] = process.argv.slice(2) as [string, string]
const found = await findErasure(dir, what)
const journal = await openJournal({ dir, by: 'ben@laptop', clean: (value) => value })
await erase(dir, found, 'a password', journal.append)
await journal.close()
