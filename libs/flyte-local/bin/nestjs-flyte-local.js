#!/usr/bin/env node
/// <reference types="node" />
// Committed, so that npm can link it before there is a build.
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  console.error('nestjs-flyte-local has not been built yet. Run `npm run build` first.');
  process.exitCode = 1;
}
