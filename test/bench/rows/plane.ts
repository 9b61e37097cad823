import type { Row } from '../figures.js';
import { start } from '../processes.js';
import { compareUnderLoad } from '../under-load.js';

const USER_INFO = '/flyteidl2.auth.IdentityService/UserInfo';

/** What the local control plane does around a call: who is it, may they, log. */
export const plane: Row = {
  name: 'plane',
  about: 'IdentityService.UserInfo on the local control plane, and on the least that answers it',
  async measure(context) {
    await using load = await start('http2-load');
    for (const node of context.nodes) {
      // oxlint-disable no-await-in-loop
      await using local = await start('plane', { node: node.path });
      await using least = await start('upstream', { node: node.path });
      const callers = [`Bearer ${await local.ask<string>('token', 'alice')}`];
      await compareUnderLoad(
        context,
        { server: local, path: USER_INFO, callers },
        { server: least, path: USER_INFO, callers },
        { than: 'the least', where: `Node ${node.major}`, load, goals: { rate: { atLeast: 0.7 } } },
      );
      // oxlint-enable no-await-in-loop
    }
  },
};
