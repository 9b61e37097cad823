import { Injectable } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import { AbstractGraphQLDriver, Query, ResolveField, ResolveReference, Resolver } from '@nestjs/graphql';
import { FlyteModule, getAuthMetadata, SkipFlyteAuth, type FlyteModuleOptions } from 'nestjs-flyte';
import { describe, expect, it } from 'vitest';
import { startApp, type Running } from '../support/app.js';
import { bearer } from '../support/http.js';

@Resolver('Person')
@Injectable()
class People {
  @ResolveReference() resolveReference(_reference: object): string | undefined {
    return getAuthMetadata()?.get('authorization');
  }
}
@Resolver('Person')
class OpenPeople {
  @SkipFlyteAuth() @ResolveReference() resolveReference(): void {}
}

/** An entity of another subgraph: with no reference resolver, its fields are asked with what `_entities` was given. */
@Resolver('Person')
class Extended {
  @Query(() => String) hello(): void {}
  @ResolveField() reports(): void {}
  @SkipFlyteAuth() @ResolveField() name(): void {}
}
class ApolloDriver {}
class ApolloFederationDriver {}
class OwnDriver extends ApolloFederationDriver {}

const startExtended = (driver: typeof ApolloDriver, fieldResolverEnhancers?: string[]): Promise<Running> =>
  startApp({
    providers: [
      Extended,
      { provide: AbstractGraphQLDriver, useClass: driver },
      { provide: 'GqlModuleOptions', useValue: { fieldResolverEnhancers } },
    ],
    imports: [FlyteModule.forRoot({ endpoint: 'http://127.0.0.1:1', passthrough: true })],
  });

const start = (
  provider: typeof People | typeof OpenPeople,
  fieldResolverEnhancers?: string[],
  options: FlyteModuleOptions = { passthrough: true },
): Promise<Running> =>
  startApp({
    // What GraphQLModule provides; a subgraph needs packages that this repository does without.
    providers: [provider, { provide: 'GqlModuleOptions', useValue: { fieldResolverEnhancers } }],
    imports: [FlyteModule.forRoot({ endpoint: 'http://127.0.0.1:1', ...options })],
  });

describe('A reference resolver of federation', () => {
  it.each([[undefined], [[]], [['guards']], [['interceptors', 'filters']]])(
    'that nothing guards is refused at start, with fieldResolverEnhancers: %j',
    async (enhancers) => {
      await expect(start(People, enhancers)).rejects.toThrow(
        /anyone could use People\.resolveReference\. Give each GraphQLModule fieldResolverEnhancers: \['guards', 'interceptors'/,
      );
    },
  );

  it('starts where fields are guarded, where it is open on purpose, and without passthrough', async () => {
    for (const started of [start(People, ['guards', 'interceptors']), start(OpenPeople), start(People, [], {})]) {
      // oxlint-disable-next-line no-await-in-loop -- one app after the other
      await using app = await started;
      expect(app.url).toMatch(/^http/);
    }
  });

  it('is guarded by the headers of its request, which is not where other resolvers have it', async () => {
    await using app = await start(People, ['guards', 'interceptors']);
    const creator = app.app.get(ExternalContextCreator, { strict: false });
    const people = app.app.get(People);
    const method = Reflect.get(people, 'resolveReference') as (...args: unknown[]) => unknown;
    const none = undefined;
    const handler = creator.create(people, method, 'resolveReference', none, none, none, none, none, 'graphql');
    const resolve = (headers: object): unknown =>
      (handler as (...args: unknown[]) => unknown)(
        {},
        { req: { method: 'POST', url: '/graphql', headers, once() {} } },
        {},
      );
    await expect(resolve({})).rejects.toThrow('no credentials');
    expect(await resolve(bearer('alice'))).toBe('Bearer alice');
  });
});

describe('A field of an entity that has no reference resolver', () => {
  it.each([ApolloFederationDriver, OwnDriver])('is refused at start where nothing guards it: %o', async (driver) => {
    await expect(startExtended(driver)).rejects.toThrow(
      /no field of an entity.* anyone could use Extended\.reports\. Give/,
    );
  });

  it('starts where fields are guarded, and where no subgraph is answered for', async () => {
    for (const started of [startExtended(OwnDriver, ['guards', 'interceptors']), startExtended(ApolloDriver)]) {
      // oxlint-disable-next-line no-await-in-loop -- one app after the other
      await using app = await started;
      expect(app.url).toMatch(/^http/);
    }
  });
});
