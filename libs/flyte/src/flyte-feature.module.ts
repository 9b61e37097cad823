import { Module, type DynamicModule, type Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import { FlyteError } from './errors/flyte-error.js';
import { getFlyteToken } from './flyte.tokens.js';
import type { FlyteClient } from './remote/flyte-client.js';
import { taskMetadata, type TaskClass } from './tasks/task-metadata.js';
import { isTaskRef, refToken, type TaskRef } from './tasks/task-ref.js';
import { taskClassesIn, type TaskSources } from './tasks/task-registry.js';

const FEATURE = Symbol('nestjs-flyte.feature');

/** What `FlyteModule.forFeature` is given: classes with tasks, and contracts. */
export type TaskFeature = Type<object> | TaskRef;

/** Provides the handles of tasks. Made by `FlyteModule.forFeature`. */
@Module({})
export class FlyteFeatureModule {
  /** @throws FlyteError `misuse` for what has no task */
  static of(features: readonly TaskFeature[], connection: string | undefined): DynamicModule {
    const handle = (provide: symbol, task: (client: FlyteClient) => unknown) => ({
      provide,
      inject: [getFlyteToken(connection)],
      useFactory: task,
    });
    const handles = features.flatMap((feature) => {
      if (isTaskRef(feature)) return [handle(refToken(feature), (client) => client.task(feature))];
      return methodsOf(feature).map((method) =>
        // The class says which methods these are, the compiler can't.
        handle(taskMetadata.token(feature, method), (client) => client.task(feature, method as never)),
      );
    });
    const kept = { provide: FEATURE, useValue: [...features] };
    return {
      module: FlyteFeatureModule,
      providers: [kept, ...handles],
      exports: handles.map(({ provide }) => provide),
    };
  }
}

function methodsOf(type: TaskClass): string[] {
  const methods = typeof type === 'function' ? taskMetadata.methods(type) : [];
  if (methods.length > 0) return methods;
  const what = typeof type === 'function' ? type.name : String(type);
  throw new FlyteError(
    'misuse',
    `FlyteModule.forFeature: ${what} has no task. Give classes that have methods with @Task, and what taskRef made.`,
  );
}

/** The tasks of an app: those of its providers, and those that its features name. */
export function taskSourcesIn(modules: ModulesContainer): Required<Pick<TaskSources, 'classes' | 'refs'>> {
  const features = [...modules.values()]
    .filter(({ metatype }) => metatype === FlyteFeatureModule)
    .flatMap(({ providers }) => (providers.get(FEATURE)?.instance ?? []) as readonly TaskFeature[]);
  const classes = features.flatMap((feature) => (isTaskRef(feature) ? [] : [feature]));
  return {
    classes: [...new Set([...taskClassesIn(modules), ...classes])],
    refs: [...new Set(features.flatMap((feature) => (isTaskRef(feature) ? [feature] : [])))],
  };
}
