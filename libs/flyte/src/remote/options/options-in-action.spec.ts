import { afterEach, expect, it, vi } from 'vitest';
import { optionsInAction } from './options-in-action.js';

afterEach(() => vi.unstubAllEnvs());

const options = { endpoint: 'https://outside', tls: { ca: 'x' }, passthrough: true, project: 'p' };

it('in an action the unnamed connection is to the Flyte that runs it, and no other', () => {
  vi.stubEnv('_U_EP_OVERRIDE', 'dns:///inside:80');
  vi.stubEnv('_U_INSECURE', 'true');
  const inside = { endpoint: 'dns:///inside:80', insecure: true, tls: undefined };
  expect(optionsInAction(options, undefined)).toEqual({ ...inside, project: 'p', passthrough: false });
  expect(optionsInAction(options, 'eu')).toEqual({ ...options, passthrough: false });
});

it('where Flyte tells no endpoint, the one given stays', () => {
  vi.stubEnv('_U_EP_OVERRIDE', '');
  expect(optionsInAction(options, undefined)).toEqual({ ...options, passthrough: false });
});
