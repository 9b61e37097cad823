// A log on its way through the redactor, and copied.
import { randomBytes } from 'node:crypto';
import { Redactor } from 'nestjs-flyte/protocol';
import { answerParent } from './support/parent.js';

const [CHUNK, CHUNKS] = [64 * 1024, 16];
const AT_LEAST_MS = 200;

const tokens = Array.from({ length: 20 }, () => randomBytes(30).toString('base64url'));
const body = Array.from({ length: 1_000 }, () => randomBytes(48).toString('base64'));
const pem = ['-----BEGIN PRIVATE KEY-----', ...body, '-----END PRIVATE KEY-----', ''].join('\n');
const secrets = { tokens, pem: [pem] };
const redactors = { tokens: await Redactor.of(secrets.tokens), pem: await Redactor.of(secrets.pem) };

/** Lines as programs write them. Each chunk has one secret of either kind. */
const chunks = Array.from({ length: CHUNKS }, (_, chunk) => {
  const lines = [`token=${tokens[chunk]}`, `key ${body[chunk]}`];
  for (let i = 0, size = 0; size < CHUNK; i++) {
    const line = `2026-01-01T00:00:00.${i}Z INFO request ${randomBytes(8).toString('hex')} took ${i % 977} ms at /runs/${i}`;
    lines.push(line);
    size += line.length + 1;
  }
  return Buffer.from(lines.join('\n'));
});
const size = chunks.reduce((sum, { length }) => sum + length, 0);

/** @returns MB per second */
function rate(pass: (chunk: Buffer) => Buffer): number {
  const began = performance.now();
  let [bytes, ms] = [0, 0];
  while (ms < AT_LEAST_MS) {
    chunks.forEach(pass);
    bytes += size;
    ms = performance.now() - began;
  }
  return bytes / 1e3 / ms;
}

answerParent({
  redact: (name: keyof typeof redactors) => {
    const stream = redactors[name].stream();
    const speed = rate((chunk) => stream.write(chunk));
    stream.end();
    return speed;
  },
  copy: () => rate((chunk) => Buffer.from(chunk)),
  /** @returns milliseconds */
  prepare: async (name: keyof typeof secrets) => {
    const began = performance.now();
    await Redactor.of(secrets[name]);
    return performance.now() - began;
  },
});
