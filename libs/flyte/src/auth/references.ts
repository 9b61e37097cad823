import 'reflect-metadata';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { FlyteError } from '../errors/flyte-error.js';
import { declaredRequirement } from './auth-policy.js';

// Keys of @nestjs/graphql, which an app need not have.
const IS_REFERENCE = 'graphql:resolve_reference';
const IS_FIELD = 'graphql:resolve_property';
const GRAPHQL_OPTIONS = 'GqlModuleOptions';
const GRAPHQL_DRIVER = 'AbstractGraphQLDriver';

/** What of `GraphQLModule`'s options decides whether fields are guarded. */
interface GraphqlOptions {
  readonly fieldResolverEnhancers?: readonly string[];
}

/**
 * Refuses an app that would answer anyone who asks a subgraph for `_entities`. To Nest, a `@ResolveReference()` is a field,
 * and no field that is guarded is around it; where an entity has none, its `@ResolveField()` are asked at once. Nest applies
 * neither the app's guards to fields, nor those of `@UseGuards`, unless it is told to.
 *
 * @throws FlyteError `invalid_configuration`, which names them and says what to write
 */
export function assertReferencesGuarded(modules: ModulesContainer): void {
  const unguarded = [...modules.values()].filter(({ providers }) => {
    const options = providers.get(GRAPHQL_OPTIONS)?.instance as GraphqlOptions | undefined;
    const guarded = options?.fieldResolverEnhancers ?? [];
    return options && !['guards', 'interceptors'].every((kind) => guarded.includes(kind));
  });
  if (unguarded.length === 0) return;
  const kinds = unguarded.some(isSubgraph) ? [IS_REFERENCE, IS_FIELD] : [IS_REFERENCE];
  const open = openMethods(modules, kinds);
  if (open.length === 0) return;
  throw new FlyteError(
    'invalid_configuration',
    `Nest guards no reference resolver and no field of an entity by itself, so anyone could use ${open.join(', ')}. Give ` +
      "each GraphQLModule fieldResolverEnhancers: ['guards', 'interceptors', 'filters'], or put @SkipFlyteAuth() on what " +
      'is to be open.',
  );
}

/** Whether a `GraphQLModule` answers for a part of a federated graph, as its driver's name tells (Apollo, Mercurius). */
function isSubgraph({ providers }: { providers: ReadonlyMap<unknown, { readonly metatype: unknown }> }): boolean {
  return [...providers].some(([token, { metatype }]) => {
    if (typeof token !== 'function' || token.name !== GRAPHQL_DRIVER) return false;
    for (let one: unknown = metatype; typeof one === 'function'; one = Object.getPrototypeOf(one)) {
      if (one.name.includes('Federation')) return true;
    }
    return false;
  });
}

/** The methods with one of some decorators of @nestjs/graphql that are to be guarded. */
function openMethods(modules: ModulesContainer, kinds: readonly string[]): string[] {
  const wrappers = [...modules.values()].flatMap(({ providers }) => [...providers.values()]);
  const classes = new Set(wrappers.flatMap(({ metatype, isNotMetatype }) => (isNotMetatype ? [] : [metatype])));
  return [...classes].flatMap((resolver) => {
    if (typeof resolver !== 'function') return [];
    const prototype = resolver.prototype as Record<string, Function> | undefined;
    if (!prototype) return [];
    return new MetadataScanner().getAllMethodNames(prototype).flatMap((name) => {
      const method = prototype[name];
      const isOpen =
        method &&
        kinds.some((kind) => Reflect.hasMetadata(kind, method)) &&
        declaredRequirement(method, resolver) !== 'none';
      return isOpen ? [`${resolver.name}.${name}`] : [];
    });
  });
}
