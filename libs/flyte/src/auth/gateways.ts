import 'reflect-metadata';
import * as nest from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { MetadataScanner, type ModulesContainer } from '@nestjs/core';
import { FlyteError } from '../errors/flyte-error.js';
import { AuthMetadataInterceptor } from './auth-metadata.interceptor.js';
import { declaredRequirement } from './auth-policy.js';
import { FlyteAuthGuard } from './flyte-auth.guard.js';

/** Nest 12, which brought this pipe, applies an app's guards and interceptors to gateways too; Nest 11 does not. */
const NEST_GUARDS_GATEWAYS = 'StandardSchemaValidationPipe' in nest;

// Keys of Nest's metadata: `constants` of @nestjs/websockets, which an app need not have, and of @nestjs/common.
const IS_GATEWAY = 'websockets:is_gateway';
const IS_MESSAGE_HANDLER = 'websockets:message_mapping';
const GUARDS = '__guards__';
const INTERCEPTORS = '__interceptors__';

/**
 * Refuses an app of Nest 11 whose gateways would answer anyone: the guard of the whole app does not reach them there.
 *
 * @throws FlyteError `invalid_configuration`, which names them and says what to write
 */
export function assertGatewaysGuarded(modules: ModulesContainer): void {
  if (NEST_GUARDS_GATEWAYS) return;
  const open = openGateways(modules);
  if (open.length === 0) return;
  throw new FlyteError(
    'invalid_configuration',
    `Nest 11 applies no app's guard to gateways, so anyone could use ${open.join(', ')}. Put ` +
      '@UseGuards(FlyteAuthGuard) and @UseInterceptors(AuthMetadataInterceptor) on the class, or @SkipFlyteAuth() on ' +
      'what is to be open. With Nest 12 nothing is needed.',
  );
}

/** The gateways that need the guard of the whole app, with the methods that do. */
export function openGateways(modules: ModulesContainer): string[] {
  const providers = [...modules.values()].flatMap((module) => [...module.providers.values()]);
  const classes = new Set(providers.flatMap(({ metatype, isNotMetatype }) => (isNotMetatype ? [] : [metatype])));
  return [...classes].flatMap((gateway) => {
    if (typeof gateway !== 'function' || !Reflect.hasMetadata(IS_GATEWAY, gateway)) return [];
    const open = handlersOf(gateway).filter((handler) => !isCovered(handler, gateway));
    return open.length === 0 ? [] : [`${gateway.name} (${open.map(({ name }) => name).join(', ')})`];
  });
}

function isCovered(handler: object, gateway: object): boolean {
  if (declaredRequirement(handler, gateway) === 'none') return true;
  const names = (key: string, wanted: Type): boolean =>
    [handler, gateway].some((target) => (listed(key, target) ?? []).some((entry) => isOf(entry, wanted)));
  return names(GUARDS, FlyteAuthGuard) && names(INTERCEPTORS, AuthMetadataInterceptor);
}

function listed(key: string, target: object): unknown[] | undefined {
  return Reflect.getMetadata(key, target) as unknown[] | undefined;
}

/** Whether `@UseGuards` and its like were given a class or what extends it, or an instance of one. */
function isOf(entry: unknown, wanted: Type): boolean {
  return (
    entry === wanted || entry instanceof wanted || (typeof entry === 'function' && entry.prototype instanceof wanted)
  );
}

/** The message handlers of a gateway, inherited ones included. */
function handlersOf(gateway: Function): Function[] {
  const prototype = gateway.prototype as Record<string, Function>;
  return new MetadataScanner()
    .getAllMethodNames(prototype)
    .flatMap((name) => prototype[name] ?? [])
    .filter((method) => Reflect.hasMetadata(IS_MESSAGE_HANDLER, method));
}
