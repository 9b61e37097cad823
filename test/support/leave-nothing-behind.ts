import { afterAll, vi } from 'vitest';

// For files that share a process: what one of them put in the place of something else is not there for the next.
afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});
