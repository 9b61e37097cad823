// A log on its way through the redactor, and copied.
import { randomBytes } from 'node:crypto';
import { Redactor } from 'nestjs-flyte/protocol';
import { answerParent } from './support/parent.js';

const [CHUNK, CHUNKS] = [64 * 1024, 16];

const tokens = Array.from({ length: 20 }, () => randomBytes(30).toString('base64url'));
const body = Array.from({ length: 1_000 }, () => randomBytes(48).toString('base64'));
const pem = ['-----BEGIN PRIVATE KEY-----', ...body, '-----END PRIVATE KEY-----', ''].join('\n');
const redactors = { tokens: new Redactor(tokens), pem: new Redactor([pem]) };

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
function rate(pass: (chunk: Buffer) => Buffer, times: number): number {
  const began = performance.now();
  for (let i = 0; i < times; i++) chunks.forEach(pass);
  return (size * times) / 1e3 / (performance.now() - began);
}

answerParent({
  redact: (secrets: keyof typeof redactors) => {
    const stream = redactors[secrets].stream();
    const speed = rate((chunk) => stream.write(chunk), 1);
    stream.end();
    return speed;
  },
  copy: () => rate((chunk) => Buffer.from(chunk), 50),
});
