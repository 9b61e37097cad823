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
      const options = { node: node.path };
      // The same for both: the plane's token, which another plane would not know.
      const callers: string[] = [];
      const startPlane = async () => {
        const local = await start('plane', options);
        callers[0] = `Bearer ${await local.ask<string>('token', 'alice')}`;
        return local;
      };
      await compareUnderLoad(
        context,
        { start: startPlane, path: USER_INFO, callers },
        { start: () => start('upstream', options), path: USER_INFO, callers },
        { than: 'the least', where: `Node ${node.major}`, load, goals: { rate: { atLeast: 0.7 } } },
      );
      // oxlint-enable no-await-in-loop
    }
  },
};
