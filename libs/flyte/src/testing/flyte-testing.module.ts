import { create } from '@bufbuild/protobuf';
import { Code, ConnectError, createRouterTransport } from '@connectrpc/connect';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { AuthMetadataInterceptor } from '../auth/auth-metadata.interceptor.js';
import { AuthPolicy } from '../auth/auth-policy.js';
import { FlyteAuthGuard } from '../auth/flyte-auth.guard.js';
import { FlyteExceptionFilter } from '../auth/flyte-exception.filter.js';
import { taskSourcesIn } from '../flyte-feature.module.js';
import { serviceProviders } from '../flyte.module.js';
import { getFlyteToken } from '../flyte.tokens.js';
import { IdentityService, UserInfoResponseSchema } from '../gen/flyteidl2/auth/identity_pb.js';
import {
  GetProjectResponseSchema,
  ListProjectsResponseSchema,
  ProjectService,
} from '../gen/flyteidl2/project/project_service_pb.js';
import { createFlyteClient, type FlyteClient } from '../remote/services/flyte-client.js';
import { createTaskRegistry, TaskRegistry } from '../tasks/task-registry.js';
import { createMemoryFiles } from './memory-files.js';
import type { Project } from '../remote/services/project.service.js';
import { createTaskImages } from '../remote/tasks/task-images.js';
import type { User } from '../remote/services/user.service.js';

/** What the Flyte of a test knows. */
export interface FlyteTestingOptions {
  /** Who every caller is; without it, UserInfo fails with `unauthenticated`. */
  readonly user?: Partial<User>;
  /** The projects there are. */
  readonly projects?: readonly (Partial<Project> & { readonly id: string })[];
  /** The files there are, by URI. What is uploaded joins them, and any of them can be opened. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/**
 * Stands in for `FlyteModule` in a test of code that injects {@link FlyteClient} or a service: the real clients, over an
 * in-process transport, with no network and no credentials. Guard and interceptor are there and let everything pass.
 *
 * ```ts
 * const app = await Test.createTestingModule({
 *   imports: [FlyteTestingModule.forRoot({ user: { subject: 'alice' } })],
 *   controllers: [MeController],
 * }).compile();
 * ```
 */
@Module({})
export class FlyteTestingModule {
  /** @param options what Flyte knows; anything else that is asked of it fails with `unimplemented` */
  static forRoot(options: FlyteTestingOptions = {}): DynamicModule {
    const registry = {
      provide: TaskRegistry,
      inject: [ModulesContainer],
      useFactory: (modules: ModulesContainer) => createTaskRegistry(() => taskSourcesIn(modules)),
    };
    const owner = Symbol('FlyteTestingModule');
    const providers = [
      ...[registry, clientProvider(options, owner), ...serviceProviders],
      // Which let everything pass: for classes that name them, as gateways do in @UseGuards and @UseInterceptors.
      ...[{ provide: AuthPolicy, useValue: openPolicy(owner) }, FlyteAuthGuard, AuthMetadataInterceptor],
      FlyteExceptionFilter,
    ];
    return { module: FlyteTestingModule, global: true, providers, exports: providers };
  }
}

function clientProvider(options: FlyteTestingOptions, owner: symbol): Provider {
  return {
    provide: getFlyteToken(),
    inject: [TaskRegistry],
    useFactory: (registry: TaskRegistry) => createTestClient(options, registry, owner),
  };
}

function openPolicy(owner: symbol): AuthPolicy {
  const none = { extractors: [], alsoForward: [], trustedOrigins: [], forwardHeaders: [] };
  return { owner, passthrough: false, isExcluded: () => true, ...none };
}

function createTestClient(
  { user, projects = [], files }: FlyteTestingOptions,
  registry: TaskRegistry,
  owner: symbol,
): FlyteClient {
  const messages = projects.map(({ id, name, description, org, labels, domains = [] }) => ({
    ...{ id, name, description, org },
    labels: { values: { ...labels } },
    domains: [...domains],
  }));
  const transport = createRouterTransport(({ service }) => {
    service(IdentityService, {
      userInfo() {
        if (!user) throw new ConnectError('this test has no user', Code.Unauthenticated);
        return create(UserInfoResponseSchema, user);
      },
    });
    service(ProjectService, {
      listProjects: () => create(ListProjectsResponseSchema, { projects: { projects: messages } }),
      getProject({ id }) {
        const project = messages.find((one) => one.id === id);
        if (!project) throw new ConnectError(`there is no project ${JSON.stringify(id)} in this test`, Code.NotFound);
        return create(GetProjectResponseSchema, { project });
      },
    });
  });
  return createFlyteClient({
    connection: { calls: transport, streams: transport, open: new Set(), close: () => undefined },
    callers: { owner, passthrough: false },
    files: createMemoryFiles(files),
    tasks: { version: 'test', registry, images: createTaskImages(undefined, process.cwd(), async () => true) },
    project: 'test',
    domain: 'test',
    limits: { timeoutMs: 5_000, streamIdleTimeoutMs: 5_000, retries: 0 },
  });
}
