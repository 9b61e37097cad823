import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary } from '@bufbuild/protobuf';
import { afterAll, describe, expect, it } from 'vitest';
import { ActionPhase } from '../gen/flyteidl2/common/phase_pb.js';
import { ErrorDocumentSchema } from '../gen/flyteidl2/core/execution_pb.js';
import { ActionDetailsSchema } from '../gen/flyteidl2/workflow/run_definition_pb.js';
import { detailedRunInfo } from '../remote/runs/run-info.js';
import type { ActionFailure } from './action-failure.js';
import { hasResult, writeError } from './action-files.js';

const root = mkdtempSync(join(tmpdir(), 'action-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = (): string => mkdtempSync(join(root, 'outputs-'));
const failure = (origin: ActionFailure['origin'], recoverable: boolean): ActionFailure => ({
  ...{ code: 'Code', message: 'what', origin, recoverable },
});

describe('error.pb', () => {
  // core.ErrorDocument { error: ContainerError { code 1, message 2, kind 3, origin 4 } }; kind 1 is RECOVERABLE; origin 1 is
  // USER, 2 SYSTEM: https://github.com/flyteorg/flyte/blob/master/flyteidl2/core/execution.proto
  it.each([
    ['user', true, 'what', 1, 1],
    ['user', false, 'what', 0, 1],
    ['system', true, '[origin: system] what', 1, 1],
    ['system', false, 'what', 0, 2],
  ] as const)('of origin %s, recoverable %s', async (origin, recoverable, message, kind, wireOrigin) => {
    const outputs = folder();
    await writeError(outputs, failure(origin, recoverable));
    const field = (number: number, text: string): number[] => [(number << 3) | 2, text.length, ...Buffer.from(text)];
    const error = [...field(1, 'Code'), ...field(2, message), ...(kind === 0 ? [] : [0x18, kind]), 0x20, wireOrigin];
    const bytes = readFileSync(join(outputs, 'error.pb'));
    expect([...bytes]).toEqual([0x0a, error.length, ...error]);

    // What Flyte makes of it, and whose failure a run's caller is told it was.
    const written = fromBinary(ErrorDocumentSchema, bytes).error;
    const info = detailedRunInfo(
      create(ActionDetailsSchema, {
        status: { phase: ActionPhase.FAILED },
        result: { case: 'errorInfo', value: { message: written?.message ?? '', kind: Number(written?.origin) } },
      }),
    );
    expect(info.error).toEqual({ message: 'what', origin });
  });

  it('is written once the storage lets it', async () => {
    const outputs = folder();
    mkdirSync(join(outputs, 'error.pb', 'in the way'), { recursive: true });
    setTimeout(() => rmSync(join(outputs, 'error.pb'), { recursive: true }), 300);
    await writeError(outputs, failure('user', true));
    expect(await hasResult(outputs)).toBe(true);
    expect(readdirSync(outputs)).toEqual(['error.pb']);
  });

  it('is given up at once where the storage will never take it', async () => {
    await expect(writeError('ftp://host/out', failure('user', true))).rejects.toMatchObject({ code: 'unimplemented' });
    expect(await hasResult('ftp://host/out')).toBe(false);
    expect(await hasResult(folder())).toBe(false);
  });
});
