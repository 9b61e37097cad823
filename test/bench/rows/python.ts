import { makeCertificate } from '../certificate.js';
import { placeName, type Row } from '../figures.js';
import { start } from '../processes.js';
import { startPythonApp } from '../python.js';
import { compareUnderLoad } from '../under-load.js';

const AT_LEAST = { express: 1.9, fastify: 2.9 };

/** The same request by Flyte's own SDK. */
export const python: Row = {
  name: 'python',
  about:
    "Asking Flyte over TLS who the caller is; the other side is FastAPI with the Python SDK's passthrough middleware",
  async measure(context) {
    const { key, cert, ca, caFile } = await makeCertificate();
    await using load = await start('load');
    await using upstream = await start('upstream', { given: { tls: { key, cert } } });
    for (const place of context.places) {
      // oxlint-disable no-await-in-loop
      const given = { adapter: place.adapter, upstream: upstream.url, ca };
      const options = { node: place.node.path, given };
      await compareUnderLoad(
        context,
        { start: () => start('library', options), path: '/me' },
        { start: () => startPythonApp(upstream.url, caFile), path: '/me' },
        {
          ...{ than: 'FastAPI', where: placeName(place), load },
          goals: { rate: { atLeast: AT_LEAST[place.adapter] } },
        },
      );
      // oxlint-enable no-await-in-loop
    }
  },
};
