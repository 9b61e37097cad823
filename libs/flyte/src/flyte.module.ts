import {
  ConfigurableModuleBuilder,
  Inject,
  Logger,
  Module,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { APP_GUARD, APP_INTERCEPTOR, ModuleRef, ModulesContainer } from '@nestjs/core';
import { AuthMetadataInterceptor } from './auth/auth-metadata.interceptor.js';
import { AuthPolicy } from './auth/auth-policy.js';
import { createBearerVerifier } from './auth/bearer-verifier.js';
import { compileExcludedPaths } from './auth/excluded-paths.js';
import { FlyteAuthGuard } from './auth/flyte-auth.guard.js';
import { addLastResort, FlyteExceptionFilter } from './auth/flyte-exception.filter.js';
import { assertGatewaysGuarded } from './auth/gateways.js';
import { assertReferencesGuarded } from './auth/references.js';
import { sharedCaches } from './auth/shared-caches.js';
import { fromAuthorization, fromCookie } from './auth/header-extractors.js';
import { FlyteError } from './errors/flyte-error.js';
import { FileService } from './files/file.service.js';
import { FlyteFeatureModule, taskSourcesIn, type TaskFeature } from './flyte-feature.module.js';
import { getFlyteToken } from './flyte.tokens.js';
import { actionLogin } from './remote/credentials/action-login.js';
import { openCredentials } from './remote/credentials/open-credentials.js';
import { readBuiltImages } from './images/built-images.js';
import { CurrentUser } from './remote/services/current-user.js';
import { createFlyteClient, FlyteClient } from './remote/services/flyte-client.js';
import type { FlyteModuleOptions, FlyteOptionsFactory, FlyteTasksOptions } from './remote/options/flyte-options.js';
import { flyteConfig, inClusterSettings, type FlyteSettings } from './remote/options/flyte.config.js';
import { localPlaneQuestion } from './remote/connection/local-plane.js';
import { ProjectService } from './remote/services/project.service.js';
import { requireAsyncOptions, requireOptions } from './remote/options/options-form.js';
import { optionsInAction } from './remote/options/options-in-action.js';
import { resolveOptions, type ResolvedOptions } from './remote/options/resolve-options.js';
import { RunService } from './remote/runs/run.service.js';
import { SecretService } from './remote/services/secret.service.js';
import { appVersion } from './remote/tasks/task-defaults.js';
import { assertImagesKnown, createTaskImages } from './remote/tasks/task-images.js';
import { TaskService } from './remote/tasks/task.service.js';
import { TriggerService } from './remote/tasks/trigger.service.js';
import { UserService } from './remote/services/user.service.js';
import { createConnection, type Connection } from './remote/connection/connection.js';
import { filesOfAction } from './runtime/files-of-action.js';
import { TaskContext } from './runtime/task-context.js';
import { insideAction } from './protocol/action-arguments.js';
import { assertModuleFile } from './tasks/module-file.js';
import type { TaskDefinition } from './tasks/task-definition.js';
import { createTaskRegistry, TaskRegistry } from './tasks/task-registry.js';

const RESOLVED_OPTIONS = Symbol('nestjs-flyte.resolved-options');
const CONNECTION_NAME = Symbol.for('nestjs-flyte.connection-name');
const CONNECTION = Symbol('nestjs-flyte.connection');

/** What is settled when a module is declared, whether its options come at once or by a factory. */
interface FlyteModuleExtras {
  /** Whether all modules see the clients without importing this one. True if not given. */
  readonly isGlobal?: boolean;
  /** The name of a further connection, for `@InjectFlyte(name)`. One connection of an app may do without. */
  readonly name?: string;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<FlyteModuleOptions>()
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createFlyteOptions' satisfies keyof FlyteOptionsFactory)
  .setExtras<FlyteModuleExtras>({ isGlobal: true, name: undefined }, (definition, { isGlobal, name }) => ({
    ...definition,
    global: isGlobal ?? true,
    imports: [...(definition.imports ?? []), ConfigModule.forFeature(flyteConfig)],
    providers: [...(definition.providers ?? []), ...providers(name)],
    exports: exportsOf(name),
  }))
  .build();

function providers(name: string | undefined): Provider[] {
  return [
    { provide: CONNECTION_NAME, useFactory: () => name },
    {
      provide: RESOLVED_OPTIONS,
      inject: [MODULE_OPTIONS_TOKEN, flyteConfig.KEY],
      useFactory: (options: FlyteModuleOptions, config: FlyteSettings) =>
        insideAction()
          ? resolveOptions(optionsInAction(options, name, actionLogin()), config, inClusterSettings())
          : resolveOptions(options, config, inClusterSettings()),
    },
    { provide: AuthPolicy, inject: [RESOLVED_OPTIONS], useFactory: createAuthPolicy },
    { provide: CONNECTION, inject: [RESOLVED_OPTIONS], useFactory: createConnection },
    {
      provide: TaskRegistry,
      inject: [RESOLVED_OPTIONS, ModulesContainer],
      useFactory: ({ defaultEnvironment }: ResolvedOptions, modules: ModulesContainer) =>
        createTaskRegistry(() => ({ ...taskSourcesIn(modules), defaultEnvironment })),
    },
    {
      provide: getFlyteToken(name),
      inject: [RESOLVED_OPTIONS, CONNECTION, AuthPolicy, TaskRegistry],
      useFactory: (
        { tasks, ...options }: ResolvedOptions,
        connection: Connection,
        { owner, passthrough }: AuthPolicy,
        registry: TaskRegistry,
      ) =>
        createFlyteClient({
          ...options,
          connection,
          tasks: {
            module: tasks?.module,
            version: appVersion(tasks?.version),
            isPinned: tasks?.version !== undefined,
            images: createTaskImages(tasks?.image, process.cwd(), localPlaneQuestion(connection, options.endpoint)),
            defaultEnvironment: options.defaultEnvironment,
            registry,
          },
          callers: { owner, passthrough, serviceCredentials: openCredentials(options, connection) },
          limits: options,
          isHome: name === undefined,
          files: insideAction() ? filesOfAction() : undefined,
        }),
    },
    FlyteAuthGuard,
    AuthMetadataInterceptor,
    FlyteExceptionFilter,
    { provide: APP_GUARD, useExisting: FlyteAuthGuard },
    { provide: APP_INTERCEPTOR, useExisting: AuthMetadataInterceptor },
    ...(name === undefined ? serviceProviders : []),
  ];
}

/** The services of the unnamed connection, each injectable on its own. */
export const serviceProviders: Provider[] = [
  { provide: UserService, inject: [FlyteClient], useFactory: ({ users }: FlyteClient) => users },
  { provide: ProjectService, inject: [FlyteClient], useFactory: ({ projects }: FlyteClient) => projects },
  { provide: SecretService, inject: [FlyteClient], useFactory: ({ secrets }: FlyteClient) => secrets },
  { provide: TaskService, inject: [FlyteClient], useFactory: ({ tasks }: FlyteClient) => tasks },
  { provide: TriggerService, inject: [FlyteClient], useFactory: ({ triggers }: FlyteClient) => triggers },
  { provide: RunService, inject: [FlyteClient], useFactory: ({ runs }: FlyteClient) => runs },
  { provide: FileService, inject: [FlyteClient], useFactory: ({ files }: FlyteClient) => files },
  CurrentUser,
  TaskContext,
];

function exportsOf(name: string | undefined): NonNullable<DynamicModule['exports']> {
  // Of a named connection, the client alone: its guard's and services' tokens are those of the unnamed one.
  if (name !== undefined) return [getFlyteToken(name)];
  return [
    ...[FlyteClient, UserService, ProjectService, CurrentUser],
    ...[SecretService, TaskService, TriggerService, RunService, FileService, TaskRegistry, TaskContext],
    // With what they are made of, as Nest makes another one where @UseGuards names the class.
    ...[AuthPolicy, FlyteAuthGuard, AuthMetadataInterceptor, FlyteExceptionFilter],
  ];
}

function createAuthPolicy(options: ResolvedOptions): AuthPolicy {
  return {
    owner: Symbol('FlyteModule'),
    passthrough: options.passthrough,
    extractors: options.headerExtractors ?? [fromAuthorization(), fromCookie()],
    isExcluded: compileExcludedPaths(options.excludedPaths),
    verify: options.verify && createBearerVerifier(options.verify),
    alsoForward: options.verify?.alsoForward ?? [],
    forwardHeaders: options.forwardHeaders,
    trustedOrigins: options.trustedOrigins,
  };
}

/**
 * Flyte for an app: clients to inject, and with `passthrough` the guard, the interceptor and the filter that let requests
 * reach Flyte with the credentials of the person who made them.
 *
 * ```ts
 * FlyteModule.forRoot({ passthrough: true, endpoint: 'dns:///flyte.example.com', excludedPaths: ['/health'] })
 * ```
 *
 * @throws FlyteError `invalid_configuration` while the app starts, naming the option, what is wrong and the fix
 */
@Module({})
export class FlyteModule extends ConfigurableModuleClass implements OnModuleInit, OnApplicationShutdown {
  // Truly private: through these, inspecting this module would show the options of all, keys of TLS included.
  readonly #options: ResolvedOptions;
  readonly #modules: ModulesContainer;
  readonly #registry: TaskRegistry;
  readonly #logger = new Logger(FlyteModule.name);

  constructor(
    @Inject(CONNECTION_NAME) readonly name: string | undefined,
    @Inject(CONNECTION) readonly connection: Connection,
    @Inject(RESOLVED_OPTIONS) options: ResolvedOptions,
    modules: ModulesContainer,
    registry: TaskRegistry,
    filter: FlyteExceptionFilter,
    moduleRef: ModuleRef,
  ) {
    super();
    addLastResort(filter, moduleRef);
    this.#options = options;
    this.#modules = modules;
    this.#registry = registry;
    // Not in a hook: gateways with a port of their own listen by then.
    if (options.passthrough) assertGatewaysGuarded(modules);
  }

  /**
   * Flyte by these options; without any, by the configuration: FLYTE_ENDPOINT and its like.
   *
   * @throws FlyteError `invalid_configuration` for what is no object; what is wrong with options is said when the app starts
   */
  static override forRoot(options: FlyteModuleOptions & FlyteModuleExtras = {}): DynamicModule {
    requireOptions(options, 'FlyteModule.forRoot');
    return super.forRoot(options);
  }

  /**
   * Flyte by options that a provider gives. `name` and `isGlobal` stand beside it, since they are settled before.
   *
   * @throws FlyteError `invalid_configuration` for an option beside the provider, where nobody reads it
   */
  static override forRootAsync(
    options: ConfigurableModuleAsyncOptions<FlyteModuleOptions, keyof FlyteOptionsFactory> & FlyteModuleExtras,
  ): DynamicModule {
    requireAsyncOptions(options);
    return super.forRootAsync(options);
  }

  /**
   * Provides the handles of tasks, for `@InjectTask`, to the module that imports this and to those it exports it to.
   *
   * ```ts
   * FlyteModule.forFeature([SigningTasks, Train])
   * ```
   *
   * @param features classes with tasks, which are not made for it, and contracts made by `taskRef`
   * @param connection the name of the connection to run them by, where it is not the unnamed one
   * @throws FlyteError `misuse` for what has no task; what is wrong with tasks is said when the app starts
   */
  static forFeature(features: readonly TaskFeature[], connection?: string): DynamicModule {
    return FlyteFeatureModule.of(features, connection);
  }

  /**
   * Checks what only the whole app shows: two connections of one name could not be told apart, nor two tasks of one name.
   */
  onModuleInit(): void {
    const tasks = this.#registry.all();
    const { endpoint, passthrough, tasks: own } = this.#options;
    if (passthrough) {
      assertReferencesGuarded(this.#modules);
      this.#warnOfSharedCaches();
    }
    // Inside an action the image or the file is there, and this app runs it.
    if (own && tasks.length > 0 && !insideAction()) this.#checkWhatRuns(own, endpoint.isLocal, tasks);
    const same = [...this.#modules.values()].filter(
      ({ metatype, providers }) => metatype === FlyteModule && providers.get(CONNECTION_NAME)?.instance === this.name,
    );
    if (same.length < 2) return;
    const which = this.name === undefined ? 'without a name' : `named ${JSON.stringify(this.name)}`;
    throw new FlyteError(
      'invalid_configuration',
      `FlyteModule was set up ${same.length} times ${which}. Keep one, or give each further one a "name" of its own.`,
    );
  }

  /** With a version, what was deployed runs. Without one, this app's declarations do, in images that must be known. */
  #checkWhatRuns(own: FlyteTasksOptions, isLocal: boolean, tasks: readonly TaskDefinition[]): void {
    const root = process.cwd();
    if (own.version !== undefined) return;
    if (isLocal && own.module !== undefined) return assertModuleFile(own.module, root);
    assertImagesKnown(tasks, { fallback: own.image, built: readBuiltImages(root) });
    this.#logger.warn(
      'There is no "tasks.version", so runs bring the tasks as this app declares them. In production, give it the version ' +
        'that was deployed: what was tried is what runs then.',
    );
  }

  #warnOfSharedCaches(): void {
    for (const cache of sharedCaches(this.#modules)) {
      this.#logger.warn(
        `${cache} caches answers by their URL: what Flyte said to one caller would be told to others. Extend it with a ` +
          'trackBy that puts getAuthMetadata()?.fingerprint into the key, or caches nothing where there is none.',
      );
    }
  }

  /** Ends the connections, and with them the calls that still run. */
  onApplicationShutdown(): void {
    this.connection.close();
  }
}
