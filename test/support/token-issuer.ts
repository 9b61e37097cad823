import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';

/** A request for a token, as it came. */
export interface TokenRequest {
  readonly headers: IncomingHttpHeaders;
  readonly form: Record<string, string>;
}

interface TokenAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: unknown;
}

/** An issuer whose token endpoint answers as a test says. */
export interface TokenIssuer extends AsyncDisposable {
  readonly url: string;
  readonly tokenEndpoint: string;
  /** The requests for tokens. */
  readonly requests: TokenRequest[];
  /** Which paths were asked for anything else. */
  readonly others: string[];
  /** What it answers to the n-th request, from 1. `t1`, `t2`, … for an hour, at first. */
  answer: (n: number, request: TokenRequest) => TokenAnswer | Promise<TokenAnswer>;
  /** Its metadata, by path. */
  readonly documents: Record<string, unknown>;
}

export async function startTokenIssuer(): Promise<TokenIssuer> {
  const server = createServer((incoming, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of incoming) body += String(chunk);
      const path = incoming.url ?? '';
      if (path !== '/token') {
        issuer.others.push(path);
        const document = issuer.documents[path];
        response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(document ?? {}));
        return;
      }
      const request = { headers: incoming.headers, form: Object.fromEntries(new URLSearchParams(body)) };
      const answer = await issuer.answer(issuer.requests.push(request), request);
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
      response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
    })();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const issuer: TokenIssuer = {
    url,
    tokenEndpoint: `${url}/token`,
    requests: [],
    others: [],
    documents: {},
    answer: (n) => ({ body: { access_token: `t${n}`, token_type: 'Bearer', expires_in: 3_600 } }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return issuer;
}
