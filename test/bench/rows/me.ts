import { placeName, type Row } from '../figures.js';
import { start } from '../processes.js';
import { compareUnderLoad } from '../under-load.js';

/** A request that asks Flyte who its caller is. */
export const me: Row = {
  name: 'me',
  about: 'A handler that asks Flyte who the caller is, in plaintext over HTTP/2',
  async measure(context) {
    await using load = await start('load');
    await using upstream = await start('upstream');
    for (const place of context.places) {
      // oxlint-disable no-await-in-loop
      const options = { node: place.node.path, given: { adapter: place.adapter, upstream: upstream.url } };
      await compareUnderLoad(
        context,
        { start: () => start('library', options), path: '/me' },
        { start: () => start('by-hand', options), path: '/me' },
        {
          ...{ than: 'by hand', where: placeName(place), load },
          goals: { rate: { atLeast: 0.98 }, p99: { atMost: 1.05 } },
        },
      );
      // oxlint-enable no-await-in-loop
    }
  },
};
