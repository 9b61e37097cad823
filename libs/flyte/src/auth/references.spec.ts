import { SetMetadata } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { expect, it } from 'vitest';
import { SkipFlyteAuth } from './auth.decorators.js';
import { assertReferencesGuarded } from './references.js';

// What @nestjs/graphql writes down for these: loading it takes seconds.
const ResolveReference = (): MethodDecorator => SetMetadata('graphql:resolve_reference', true);
const ResolveField = (): MethodDecorator => SetMetadata('graphql:resolve_property', true);
abstract class AbstractGraphQLDriver {}
class ApolloDriver extends AbstractGraphQLDriver {}
class ApolloFederationDriver extends AbstractGraphQLDriver {}
class OwnDriver extends ApolloFederationDriver {}

class People {
  @ResolveReference() byId(): void {}
  @ResolveField() name(): void {}
  @SkipFlyteAuth() @ResolveReference() open(): void {}
  other(): void {}
}
@SkipFlyteAuth()
class Open {
  @ResolveReference() byId(): void {}
}

const ALL = ['guards', 'interceptors', 'filters'];
async function refusal(providers: object[], enhancers?: string[], driver: object = ApolloDriver): Promise<string> {
  const graphql = [
    { provide: 'GqlModuleOptions', useValue: { fieldResolverEnhancers: enhancers } },
    { provide: AbstractGraphQLDriver, useClass: driver },
  ] as NonNullable<Parameters<typeof Test.createTestingModule>[0]['providers']>;
  const module = await Test.createTestingModule({
    providers: [...graphql, ...(providers as typeof graphql)],
  }).compile();
  try {
    assertReferencesGuarded(module.get(ModulesContainer));
    return '';
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
}

it.each([[undefined], [[]], [['guards']], [['interceptors', 'filters']]])(
  'refuses what anyone could ask a subgraph for, with fields enhanced by %j',
  async (enhancers) => {
    expect(await refusal([People, Open], enhancers)).toMatch(
      /^invalid_configuration: Nest guards no .* anyone could use People\.byId\. Give each GraphQLModule .*@SkipFlyteAuth\(\) on what is to be open\.$/,
    );
  },
);

it('refuses the fields of entities too where they are asked for at once', async () => {
  for (const driver of [ApolloFederationDriver, OwnDriver])
    // oxlint-disable-next-line no-await-in-loop
    expect(await refusal([People], [], driver)).toContain('could use People.byId, People.name. Give');
});

it('refuses nothing that is guarded, open on purpose, or of no GraphQL', async () => {
  expect(await refusal([People], ALL, OwnDriver)).toBe('');
  expect(await refusal([Open, { provide: 'value', useValue: People }, { provide: 'arrow', useFactory: () => 1 }])).toBe(
    '',
  );
  const module = await Test.createTestingModule({ providers: [People] }).compile();
  expect(() => assertReferencesGuarded(module.get(ModulesContainer))).not.toThrow();
});
