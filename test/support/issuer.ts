import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';

/** An issuer of tokens whose answers a test changes, and that can be away. */
export interface Issuer extends AsyncDisposable {
  readonly url: string;
  readonly server: Server;
  /** What its key set has. */
  readonly keys: JWK[];
  readonly state: {
    /** With which status it answers everything. */
    status: number;
    /** How often it was asked for anything. */
    fetched: number;
    /** What it answers to a path, in place of its discovery document and its key set. */
    answers: Record<string, { status?: number; headers?: Record<string, string>; body?: unknown }>;
    /** Answers wait for it. */
    gate?: Promise<unknown>;
  };
  /** Makes a key, adds it to the set, and gives a function that signs tokens with it. */
  signer(kid: string, alg?: string): Promise<(changes?: (token: SignJWT) => SignJWT) => Promise<string>>;
}

/** Starts an issuer on a free port. */
export async function startIssuer(): Promise<Issuer> {
  const keys: JWK[] = [];
  const state: Issuer['state'] = { status: 200, fetched: 0, answers: {} };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    state.fetched++;
    await state.gate;
    const { status, headers, body } = state.answers[request.url ?? ''] ?? {};
    response.writeHead(status ?? state.status, { 'content-type': 'application/json', ...headers });
    const discovery = { issuer: url, jwks_uri: `${url}/jwks` };
    response.end(JSON.stringify(body ?? (request.url === '/jwks' ? { keys } : discovery)));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  return {
    url,
    server,
    keys,
    state,
    async signer(kid, alg = 'ES256') {
      const { publicKey, privateKey } = await generateKeyPair(alg);
      keys.push({ ...(await exportJWK(publicKey)), kid, alg });
      return (changes = (token) => token) => {
        const token = new SignJWT({ sub: 'x' })
          .setIssuer(url)
          .setAudience('me')
          .setIssuedAt()
          .setExpirationTime('100h');
        return changes(token).setProtectedHeader({ alg, kid }).sign(privateKey);
      };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
