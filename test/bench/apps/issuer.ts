// An issuer of tokens: its discovery document, its keys, and a token for as many callers as are wanted.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { answerParent } from './support/parent.js';

const [alg, kid, audience] = ['RS256', 'k1', 'flyte'];
const { publicKey, privateKey } = await generateKeyPair(alg);
const keys = [{ ...(await exportJWK(publicKey)), kid, alg }];

const server = createServer(({ url: path }, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(path === '/jwks' ? { keys } : { issuer: url, jwks_uri: `${url}/jwks` }));
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const address = server.address();
const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;

answerParent(
  {
    audience: () => audience,
    tokens: async (count: number) =>
      Promise.all(
        Array.from({ length: count }, (_, i) =>
          new SignJWT({ sub: `caller-${i}` })
            .setProtectedHeader({ alg, kid })
            .setIssuer(url)
            .setAudience(audience)
            .setIssuedAt()
            .setExpirationTime('10h')
            .sign(privateKey),
        ),
      ),
  },
  url,
);
