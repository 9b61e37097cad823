/** Why this library answers otherwise than FastAPI behind the official middleware, as the guide says it. */
export const REASONS = {
  ambient:
    'Browsers send cookies, Basic, Digest, Negotiate and NTLM for whichever site asks. Where nothing else authenticates a request with an unsafe method, it must come from the app’s own site, or from one of `trustedOrigins`; so must one whose credentials stand in none of its own headers.',
  twice:
    'Which of two headers a proxy in front has checked, and which one Flyte would read, nobody knows. The middleware takes the first.',
  bytes: 'Bytes from 0x80 up mean nothing that client, app and Flyte agree on. The middleware reads them as Latin-1.',
  trimmed: 'Spaces around a value are no part of it (RFC 9110, 5.5). uvicorn leaves those behind it.',
  pairs:
    'Cookies travel one by one, joined as browsers do: those of several headers too (RFC 9113, 8.2.3), and none that is empty or can’t travel. The middleware takes the first header as it is, and a header without any cookie for credentials.',
  refusedByFlyte:
    'What Flyte refuses raises an exception in the handler. There it is nobody’s, and so a 500; here a filter answers with what Flyte said.',
  asWritten:
    'An excluded path opens what is written as it is, letter by letter. FastAPI compares what is left once the server has decoded it.',
  handlers:
    'Nest runs a guard before a handler. Where there is none, there is nothing to protect, and the answer is 404 for everybody. The middleware comes before FastAPI looks for a handler.',
  websocket:
    'The middleware sees HTTP requests only: a WebSocket’s handler runs without anybody’s credentials. Here the guard checks each message, and calls go as who opened the socket.',
  limit: 'Node takes 16 KiB of headers (`--max-http-header-size`), uvicorn more.',
  router:
    'The frameworks’ own: Express takes a path with a slash behind it, and in other letters, for the same, answers HEAD as GET, and an unknown method with 404; FastAPI redirects, answers 405, and looks for the handler of a path that is decoded. Their CORS differs in statuses, and allows the same. An upgrade that nobody takes is closed here without an answer.',
} as const;

/** A key of {@link REASONS}. */
export type Reason = keyof typeof REASONS;
