import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { type ActionScope, runInAction } from '../action/action-scope.js';
import type { ChildActions } from '../action/child-actions.js';
import { takeStep } from '../children/recorded-step.js';
import { FlyteError } from '../errors/flyte-error.js';
import { ROOT_ACTION } from '../protocol/limits.js';
import { newRunName } from '../remote/runs/run-name.js';
import { answerLiteral, type Condition } from '../tasks/condition.js';

/** What the task of a test finds around it. */
export interface TestActionOptions {
  /** The task's full name. */
  readonly task: string;
  /** Which attempt it is, from 1. */
  readonly attempt: number;
  /** What is answered to the conditions that it waits for, one after the other where there are several of one. */
  readonly answers: readonly (readonly [condition: Condition, answer: unknown])[];
}

/** Runs code as if it were part of an action: steps are taken, conditions answered, files of its own in the folder for temporary ones. */
export async function runInTestAction<T>(options: TestActionOptions, fn: () => Promise<T>): Promise<T> {
  const folder = join(tmpdir(), `nestjs-flyte-action-${randomUUID()}`);
  const logger = new Logger(options.task);
  const children = testChildren(options, join(folder, 'steps'));
  const action: ActionScope = {
    ...{ run: newRunName(), action: ROOT_ACTION, task: options.task, version: 'test', attempt: options.attempt },
    ...{ project: 'test', domain: 'test', org: '', module: '', codeBundle: undefined, logger, group: undefined },
    ...{ rawDataPath: join(folder, 'raw'), outputsPath: join(folder, 'outputs'), checkpointPath: join(folder, 'kept') },
    ...{ prevCheckpoint: undefined, signal: new AbortController().signal, redact: (text) => text },
    report: { tabs: new Map(), isFlushed: true },
    children: async () => children,
  };
  try {
    return await runInAction(action, fn);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function testChildren({ answers }: TestActionOptions, folder: string): ChildActions {
  const asked = new Map<string, number>();
  const none = async (): Promise<never> => {
    throw new FlyteError('misuse', 'A test runs no children: provide the handle that the task injects by fakeTask.');
  };
  return {
    task: none,
    ownSpec: none,
    step: async ({ work }) => (await takeStep(work, join(folder, randomUUID()), String)).outputs(),
    async ask({ name }) {
      const given = answers.filter(([condition]) => condition.name === name);
      const before = asked.get(name) ?? 0;
      asked.set(name, before + 1);
      const found = given[before] ?? given.at(-1);
      if (found) return answerLiteral(...found);
      throw new FlyteError(
        'misuse',
        `The task waits for the condition ${name}: give runTask its answer, in "answers".`,
      );
    },
    close: async () => undefined,
  };
}
