import { placeName, type Row } from '../figures.js';
import { start } from '../processes.js';
import { compareUnderLoad } from '../under-load.js';

/** How far from 1 a figure may be though nothing differs. */
export const noise: Row = {
  name: 'noise',
  about: 'The same app twice, bare: what differs from 1 here is this machine',
  async measure(context) {
    const [place] = context.places;
    if (!place) return;
    await using load = await start('load');
    const options = { node: place.node.path, given: { adapter: place.adapter } };
    const side = { start: () => start('bare', options), path: '/empty' };
    await compareUnderLoad(context, side, side, { than: 'the same', where: placeName(place), load, goals: {} });
  },
};
