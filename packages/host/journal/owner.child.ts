// Owns a data directory until it is killed.
import { ownDirectory } from './owner.ts'

const [directory = ''] = process.argv.slice(2)
const ownership = await ownDirectory(directory)
process.stdout.write(`${ownership.is}\n`)
setInterval(() => ownership, 1 << 30)
