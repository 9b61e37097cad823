// Saves an object of so many MiB, and reads it back: `node move.mjs URI MIB`. It prints what that took at most.
import { readFileSync } from 'node:fs';
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
// Not maxRSS, which counts what the process that started this one held at that moment.
const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
process.stdout.write(JSON.stringify({ bytes, peak: Number(peak) * 1024 }));
