import { placeName, type Row } from '../figures.js';
import { start } from '../processes.js';
import { compareUnderLoad } from '../under-load.js';

const CALLERS = 100;

/** What checking bearer tokens costs. */
export const verify: Row = {
  name: 'verify',
  about: `The option verify on and off, empty handler; ${CALLERS} callers in turn, RS256`,
  async measure(context) {
    await using load = await start('load');
    await using issuer = await start('issuer');
    const callers = (await issuer.ask<string[]>('tokens', CALLERS)).map((token) => `Bearer ${token}`);
    const audience = await issuer.ask<string>('audience');
    for (const place of context.places) {
      // oxlint-disable no-await-in-loop
      const given = { adapter: place.adapter, upstream: 'http://127.0.0.1:1' };
      const node = place.node.path;
      const on = { node, given: { ...given, verify: { issuer: issuer.url, audience } } };
      const off = { node, given };
      await compareUnderLoad(
        context,
        { start: () => start('library', on), path: '/empty', callers },
        { start: () => start('library', off), path: '/empty', callers },
        { than: 'off', where: placeName(place), load, goals: { rate: { atLeast: 0.9 } } },
      );
      // oxlint-enable no-await-in-loop
    }
  },
};
