import { expect, it } from 'vitest';
import { RUNTIME_DEFAULTS, runtimeSettings } from './runtime-settings.js';

it('settings have defaults, which variables replace', () => {
  expect(runtimeSettings({ NESTJS_FLYTE_GRACE: '' })).toEqual(RUNTIME_DEFAULTS);
  expect(runtimeSettings({ NESTJS_FLYTE_GRACE: '0s', NESTJS_FLYTE_START_TIMEOUT: '1.5h' })).toEqual({
    ...RUNTIME_DEFAULTS,
    graceMs: 0,
    startTimeoutMs: 5_400_000,
  });
});

it.each(['5', '-1s', 'soon', '5 s', 'Infinity'])('a length of time is not %j', (value) => {
  expect(() => runtimeSettings({ NESTJS_FLYTE_CLOSE_TIMEOUT: value })).toThrow(/NESTJS_FLYTE_CLOSE_TIMEOUT/);
});
