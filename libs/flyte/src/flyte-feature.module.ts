import { Inject, Module, type DynamicModule, type OnModuleInit, type Type } from '@nestjs/common';
import { ModuleRef, type ModulesContainer } from '@nestjs/core';
import { FlyteError } from './errors/flyte-error.js';
import { getFlyteToken } from './flyte.tokens.js';
import type { FlyteClient } from './remote/services/flyte-client.js';
import { lazyTaskHandle, type AnyTaskHandle } from './remote/runs/task-handle.js';
import { taskMetadata, type TaskClass } from './tasks/task-metadata.js';
import { isTaskRef, refToken, type TaskRef } from './tasks/task-ref.js';
import { taskClassesIn, type TaskSources } from './tasks/task-registry.js';

const FEATURE = Symbol('nestjs-flyte.feature');
const CONNECTION = Symbol('nestjs-flyte.feature-connection');

/** What `FlyteModule.forFeature` is given: classes with tasks, and contracts. */
export type TaskFeature = Type<object> | TaskRef;

/** Provides the handles of tasks. Made by `FlyteModule.forFeature`. */
@Module({})
export class FlyteFeatureModule implements OnModuleInit {
  constructor(
    private readonly moduleRef: ModuleRef,
    @Inject(CONNECTION) private readonly connection: string | undefined,
  ) {}

  /** @throws FlyteError `misuse` for what has no task */
  static of(features: readonly TaskFeature[], connection: string | undefined): DynamicModule {
    // Looked for in the whole app, and when it is used: FlyteModule need not be global, and may get its options later.
    const handle = (provide: symbol, task: (client: FlyteClient) => AnyTaskHandle) => ({
      provide,
      inject: [ModuleRef],
      useFactory: (moduleRef: ModuleRef) => lazyTaskHandle(() => task(clientOf(moduleRef, connection))),
    });
    const handles = features.flatMap((feature) => {
      if (isTaskRef(feature)) return [handle(refToken(feature), (client) => client.task(feature))];
      return methodsOf(feature).map((method) =>
        // The class says which methods these are, the compiler can't.
        handle(taskMetadata.token(feature, method), (client) => client.task(feature, method as never)),
      );
    });
    const kept = [
      { provide: FEATURE, useValue: [...features] },
      { provide: CONNECTION, useFactory: () => connection },
    ];
    return {
      module: FlyteFeatureModule,
      providers: [...kept, ...handles],
      exports: handles.map(({ provide }) => provide),
    };
  }

  /** @throws FlyteError `invalid_configuration` where the app has no such connection */
  onModuleInit(): void {
    clientOf(this.moduleRef, this.connection);
  }
}

function clientOf(moduleRef: ModuleRef, connection: string | undefined): FlyteClient {
  let client: FlyteClient | undefined;
  try {
    client = moduleRef.get<FlyteClient>(getFlyteToken(connection), { strict: false });
  } catch {
    // Said below.
  }
  if (client) return client;
  const which = connection === undefined ? '' : ` with the name ${JSON.stringify(connection)}`;
  throw new FlyteError(
    'invalid_configuration',
    `FlyteModule.forFeature found no FlyteModule${which} in the app. Import FlyteModule.forRoot or forRootAsync${which} once.`,
  );
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
