import type { Transport } from '@connectrpc/connect';
import { outsideRequests } from '../../auth/outside-requests.js';
import type { NodeTransports, TransportOptions } from './node-transports.js';
import { closed } from './reconnect.js';

/** The way to one Flyte: sessions, and what goes over them. It knows no caller; `asCaller` adds one. */
export interface Connection {
  /** For calls with one answer. */
  readonly calls: Transport;
  /** For streams, on sessions of their own: they stay open, and would use up what the peer allows on one. */
  readonly streams: Transport;
  /** The streams that are open, by what ends each; undefined once the connection is closed, which opens no more of them. */
  readonly open: Set<AbortController> | undefined;
  /** Ends all streams and sessions, for good where they are streams: who waits for a run would open the next one. */
  close(): void;
}

/** Loads and opens nothing: the first call does both. */
export function createConnection(options: TransportOptions): Connection {
  let loading: Promise<NodeTransports> | undefined;
  let transports: NodeTransports | undefined;
  const load = (): Promise<NodeTransports> =>
    (loading ??= outsideRequests(async () => {
      const { createNodeTransports } = await import('./node-transports.js');
      return (transports = createNodeTransports(options));
    }));
  const loaded = (which: 'calls' | 'streams'): Transport => ({
    unary: (...call) =>
      transports ? transports[which].unary(...call) : load().then((them) => them[which].unary(...call)),
    stream: (...call) =>
      transports ? transports[which].stream(...call) : load().then((them) => them[which].stream(...call)),
  });
  const open = new Set<AbortController>();
  const connection = {
    calls: loaded('calls'),
    streams: loaded('streams'),
    open: open as Connection['open'],
    close(): void {
      connection.open = undefined;
      for (const one of open) one.abort(closed());
      transports?.close();
    },
  };
  return connection;
}
