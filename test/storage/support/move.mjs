// Saves an object of so many MiB, and reads it back: `node move.mjs URI MIB`. It prints what that took at most.
import { storageOf } from '../../../libs/flyte/dist/storage/storage-of.js';

const [, , uri = '', size = ''] = process.argv;
const MiB = 1024 * 1024;

async function* source() {
  for (let index = 0; index < Number(size); index += 1) yield Buffer.alloc(MiB, index);
}

const storage = await storageOf(uri);
await storage.save(uri, source());
let bytes = 0;
/** @type {AsyncIterable<Uint8Array>} */
const stored = await storage.open(uri);
for await (const chunk of stored) bytes += chunk.length;
process.stdout.write(JSON.stringify({ bytes, peak: process.resourceUsage().maxRSS * 1024 }));
