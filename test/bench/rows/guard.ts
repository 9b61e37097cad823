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
      await using library = await start('library', options);
      await using byHand = await start('by-hand', options);
      await using bare = await start('bare', options);
      const where = placeName(place);
      const [ours, hand, none] = [library, byHand, bare].map((server) => ({ server, path: '/empty' }));
      if (!ours || !hand || !none) throw new Error('unreachable');
      await compareUnderLoad(context, ours, hand, { than: 'by hand', where, load, goals: AT_LEAST });
      await compareUnderLoad(context, ours, none, { than: 'bare', where, load, goals: AT_LEAST });
      // oxlint-enable no-await-in-loop
    }
  },
};
