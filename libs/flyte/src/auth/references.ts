import 'reflect-metadata';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { FlyteError } from '../errors/flyte-error.js';
import { declaredRequirement } from './auth-policy.js';

// Keys of @nestjs/graphql, which an app need not have.
const IS_REFERENCE = 'graphql:resolve_reference';
const GRAPHQL_OPTIONS = 'GqlModuleOptions';

/** What of `GraphQLModule`'s options decides whether fields are guarded. */
interface GraphqlOptions {
  readonly fieldResolverEnhancers?: readonly string[];
}

/**
 * Refuses an app whose `@ResolveReference()` would answer anyone: to Nest they are fields, and without a field that is
 * guarded around them. It applies neither the app's guards to fields, nor those of `@UseGuards`, unless it is told to.
 *
 * @throws FlyteError `invalid_configuration`, which names them and says what to write
 */
export function assertReferencesGuarded(modules: ModulesContainer): void {
  const options = [...modules.values()].flatMap(({ providers }) => {
    const found = providers.get(GRAPHQL_OPTIONS)?.instance as GraphqlOptions | undefined;
    return found ? [found] : [];
  });
  const guarded = ({ fieldResolverEnhancers = [] }: GraphqlOptions): boolean =>
    ['guards', 'interceptors'].every((kind) => fieldResolverEnhancers.includes(kind));
  if (options.every(guarded)) return;
  const open = openReferences(modules);
  if (open.length === 0) return;
  throw new FlyteError(
    'invalid_configuration',
    `Nest guards no reference resolver by itself, so anyone could use ${open.join(', ')}. Give GraphQLModule ` +
      "fieldResolverEnhancers: ['guards', 'interceptors', 'filters'], or put @SkipFlyteAuth() on what is to be open.",
  );
}

/** The reference resolvers that are to be guarded. */
function openReferences(modules: ModulesContainer): string[] {
  const wrappers = [...modules.values()].flatMap(({ providers }) => [...providers.values()]);
  const classes = new Set(wrappers.flatMap(({ metatype, isNotMetatype }) => (isNotMetatype ? [] : [metatype])));
  return [...classes].flatMap((resolver) => {
    if (typeof resolver !== 'function') return [];
    const prototype = resolver.prototype as Record<string, Function> | undefined;
    if (!prototype) return [];
    return new MetadataScanner().getAllMethodNames(prototype).flatMap((name) => {
      const method = prototype[name];
      const isOpen =
        method && Reflect.hasMetadata(IS_REFERENCE, method) && declaredRequirement(method, resolver) !== 'none';
      return isOpen ? [`${resolver.name}.${name}`] : [];
    });
  });
}
