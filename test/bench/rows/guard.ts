import { placeName, type Row } from '../figures.js';
import { start } from '../processes.js';
import { compareUnderLoad } from '../under-load.js';

const AT_LEAST = { rate: { atLeast: 0.95 } };

/** What guard and interceptor cost where a handler does nothing. */
export const guard: Row = {
  name: 'guard',
  about: 'A guarded request to an empty handler. Bare is NestJS alone, with no guard at all',
  async measure(context) {
    await using load = await start('load');
    for (const place of context.places) {
      // One place at a time.
      // oxlint-disable no-await-in-loop
      const options = { node: place.node.path, given: { adapter: place.adapter, upstream: 'http://127.0.0.1:1' } };
      const where = placeName(place);
      const side = (app: string) => ({ start: () => start(app, options), path: '/empty' });
      const comparison = { where, load, goals: AT_LEAST };
      await compareUnderLoad(context, side('library'), side('by-hand'), { ...comparison, than: 'by hand' });
      await compareUnderLoad(context, side('library'), side('bare'), { ...comparison, than: 'bare', goals: {} });
      // oxlint-enable no-await-in-loop
    }
  },
};
