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
    await using one = await start('bare', options);
    await using other = await start('bare', options);
    const comparison = { than: 'the same', where: placeName(place), load, goals: {} };
    await compareUnderLoad(context, { server: one, path: '/empty' }, { server: other, path: '/empty' }, comparison);
  },
};
