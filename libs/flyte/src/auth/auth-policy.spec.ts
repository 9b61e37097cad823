import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { expect, it } from 'vitest';
import { type AuthPolicy, requirementOf } from './auth-policy.js';
import { OptionalFlyteAuth, SkipFlyteAuth } from './auth.decorators.js';
import { inboundRequest } from './inbound-request.js';

@OptionalFlyteAuth()
class Optional {
  handler(): void {}
  @SkipFlyteAuth() open(): void {}
}
class Closed extends Optional {}

function requirement(controller: typeof Optional, name: 'handler' | 'open', policy: Partial<AuthPolicy> = {}): string {
  const request = { method: 'GET', url: '/excluded', headers: {} };
  const context = new ExecutionContextHost([request, {}], controller, Reflect.get(controller.prototype, name));
  const isExcluded = (): boolean => false;
  return requirementOf({ passthrough: true, isExcluded, ...policy } as AuthPolicy, context, inboundRequest(context));
}

it('what a handler demands is said by its decorator, or else by that of its own class, or else it is closed', () => {
  expect(requirement(Optional, 'handler')).toBe('optional');
  expect(requirement(Optional, 'open')).toBe('none');
  expect(requirement(Closed, 'handler')).toBe('required');
  expect(requirement(Closed, 'open')).toBe('none');
});

it('the options open what they exclude, and everything without passthrough', () => {
  expect(requirement(Closed, 'handler', { passthrough: false })).toBe('none');
  expect(requirement(Closed, 'handler', { isExcluded: ({ target }) => target === '/excluded' })).toBe('none');
  expect(requirement(Closed, 'handler', { isExcluded: ({ target }) => target === '/other' })).toBe('required');
});
