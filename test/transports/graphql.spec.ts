import { Code, ConnectError } from '@connectrpc/connect';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Args, Field, GraphQLModule, Mutation, ObjectType, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { FlyteModule, FlyteUser, getAuthMetadata, SkipFlyteAuth, User, UserService } from 'nestjs-flyte';
import type { LocalControlPlane } from 'nestjs-flyte-local';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LogLines, startApp, type Running } from '../support/app.js';
import { watchCalls } from '../support/calls.js';
import { ask, bearer } from '../support/http.js';
import { startPlane } from '../support/plane.js';

@ObjectType()
class Person {
  @Field() subject!: string;
}

// #region resolver
@Resolver(() => Person)
class PeopleResolver {
  constructor(private readonly users: UserService) {}

  @Query(() => Person)
  async me() {
    const { subject } = await this.users.get();
    return { subject };
  }

  @ResolveField(() => String)
  email(@FlyteUser() user: User) {
    return user.email;
  }

  @SkipFlyteAuth()
  @Query(() => String)
  version() {
    return '1.0';
  }
}
// #endregion

@Resolver(() => Person)
class MoreResolver {
  constructor(private readonly people: PeopleResolver) {}

  @Query(() => Person)
  again(@FlyteUser() { subject }: User) {
    return { subject };
  }

  @Mutation(() => Person)
  async touch(@Args('times') times: number) {
    handled.push(times);
    return this.people.me();
  }

  @Query(() => [String])
  names() {
    return getAuthMetadata()?.names ?? [];
  }

  @SkipFlyteAuth()
  @Query(() => [String])
  openNames() {
    return getAuthMetadata()?.names ?? [];
  }

  @SkipFlyteAuth()
  @Query(() => Person, { nullable: true })
  openMe() {
    return this.people.me();
  }

  @SkipFlyteAuth()
  @Query(() => Person)
  openPerson() {
    return { subject: 'anyone' };
  }
}

let handled: number[] = [];
const watched = watchCalls();
const logger = new LogLines();
let plane: LocalControlPlane;
let app: Running;
const tokens: Record<string, string> = {};
beforeAll(async () => {
  plane = await startPlane(watched.options);
  for (const who of ['alice', 'bob']) tokens[who] = await plane.token(who, { email: `${who}@example.com` });
  app = await startApp({
    logger,
    providers: [PeopleResolver, MoreResolver],
    imports: [
      FlyteModule.forRoot({ endpoint: plane.url, passthrough: true, timeoutMs: 60_000, retries: 0 }),
      // #region module
      GraphQLModule.forRoot<ApolloDriverConfig>({
        driver: ApolloDriver,
        autoSchemaFile: true,
        fieldResolverEnhancers: ['guards', 'interceptors', 'filters'],
      }),
      // #endregion
    ],
  });
});
afterAll(async () => {
  await app.app.close();
  await plane.close();
});
beforeEach(() => {
  watched.reset();
  handled = [];
});

interface Reply {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: { message: string; path?: unknown[]; extensions: Record<string, unknown> }[];
}

async function post(query: string, headers: Record<string, string> = {}) {
  const answer = await ask(app.url, '/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return { ...answer, reply: JSON.parse(answer.text) as Reply };
}
const as = (who: string): Record<string, string> => bearer(tokens[who] ?? '');

describe('GraphQL', () => {
  it('refuses a query without credentials as UNAUTHENTICATED', async () => {
    const { reply, headers } = await post('{ me { subject } }');
    expect(reply.data).toBeNull();
    expect(reply.errors).toMatchObject([{ path: ['me'], extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(reply.errors?.[0]?.message).toMatch(/Authorization header/);
    expect([headers['www-authenticate'], headers['cache-control']]).toEqual(['Bearer', 'no-store']);
    expect(watched.calls).toEqual([]);
  });

  it('answers a query and a mutation as the caller', async () => {
    expect((await post('{ me { subject } }', as('alice'))).reply).toEqual({ data: { me: { subject: 'alice' } } });
    const { reply } = await post('mutation { touch(times: 2) { subject } }', as('bob'));
    expect(reply).toEqual({ data: { touch: { subject: 'bob' } } });
    expect(handled).toEqual([2]);
  });

  it('refuses a mutation before pipes and handler', async () => {
    const { reply } = await post('mutation { touch(times: 2) { subject } }');
    expect(reply.errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED');
    expect(handled).toEqual([]);
  });

  it('asks Flyte once for all @FlyteUser() of a request, and anew for the next', async () => {
    const query = '{ a: again { subject email } b: again { email } c: again { subject } }';
    const email = 'alice@example.com';
    const data = { a: { subject: 'alice', email }, b: { email }, c: { subject: 'alice' } };
    expect((await post(query, as('alice'))).reply).toEqual({ data });
    expect(watched.calls).toEqual(['alice UserInfo']);
    expect((await post(query, as('bob'))).reply.data).toMatchObject({ c: { subject: 'bob' } });
    expect(watched.calls).toEqual(['alice UserInfo', 'bob UserInfo']);
  });

  it('gives a skipped resolver no scope, beside a guarded one in either order', async () => {
    for (const query of ['{ names openNames }', '{ openNames names }']) {
      expect((await post(query, as('alice'))).reply).toEqual({ data: { names: ['authorization'], openNames: [] } });
    }
    const { reply } = await post('{ me { subject } openMe { subject } }', as('alice'));
    expect(reply.errors).toMatchObject([{ path: ['openMe'], message: 'Internal Server Error' }]);
    expect(watched.calls).toEqual(['alice UserInfo']);
    expect((await post('{ openNames version }')).reply).toEqual({ data: { openNames: [], version: '1.0' } });
  });

  it('guards the fields below a skipped resolver', async () => {
    const { reply } = await post('{ openPerson { subject email } }');
    expect(reply.errors).toMatchObject([{ path: ['openPerson', 'email'], extensions: { code: 'UNAUTHENTICATED' } }]);
    expect(watched.calls).toEqual([]);
    const answered = await post('{ openPerson { subject email } }', as('alice'));
    expect(answered.reply).toEqual({ data: { openPerson: { subject: 'anyone', email: 'alice@example.com' } } });
  });

  const cases: [Code, string, number, string | RegExp, number | undefined][] = [
    [Code.Unauthenticated, 'UNAUTHENTICATED', 401, 'said by Flyte', undefined],
    [Code.PermissionDenied, 'FORBIDDEN', 403, 'said by Flyte', undefined],
    [Code.InvalidArgument, 'BAD_REQUEST', 400, 'said by Flyte', undefined],
    [Code.NotFound, 'INTERNAL_SERVER_ERROR', 404, 'said by Flyte', 404],
    [Code.ResourceExhausted, 'INTERNAL_SERVER_ERROR', 429, 'said by Flyte', 429],
    [Code.Unavailable, 'INTERNAL_SERVER_ERROR', 503, 'Service Unavailable', 503],
    [Code.Internal, 'INTERNAL_SERVER_ERROR', 502, 'Bad Gateway', 502],
  ];
  it.each(cases)('of Flyte’s code %s makes %s with %i', async (code, expected, statusCode, message, status) => {
    watched.refusal = new ConnectError('said by Flyte', code);
    const [error] = (await post('{ me { subject } }', as('alice'))).reply.errors ?? [];
    expect(error?.message).toBe(message);
    expect(error?.extensions).toMatchObject({ code: expected, originalError: { statusCode, message } });
    expect(error?.extensions['status']).toBe(status);
  });

  it('leaves introspection open, where the driver has it on', async () => {
    const query = '{ __schema { queryType { name } } __typename }';
    expect((await post(query)).reply).toEqual({
      data: { __schema: { queryType: { name: 'Query' } }, __typename: 'Query' },
    });
    await using closed = await startApp({
      providers: [PeopleResolver],
      imports: [
        FlyteModule.forRoot({ endpoint: plane.url, passthrough: true }),
        GraphQLModule.forRoot<ApolloDriverConfig>({ driver: ApolloDriver, autoSchemaFile: true, introspection: false }),
      ],
    });
    const { status, text } = await ask(closed.url, '/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    expect([status, text]).toEqual([400, expect.stringMatching(/introspection is not allowed/)]);
  });

  it('takes a cookie alone from its own origin only', async () => {
    const query = 'mutation { touch(times: 1) { subject } }';
    for (const headers of [{}, { origin: 'https://evil.example' }, { 'sec-fetch-site': 'same-site' }] as Record<
      string,
      string
    >[]) {
      const { reply } = await post(query, { cookie: 'session=cookie-of-alice', ...headers });
      expect(reply.errors).toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
    }
    expect(handled).toEqual([]);
    const { reply } = await post('{ names }', { cookie: 'session=cookie-of-alice', origin: app.url });
    expect(reply).toEqual({ data: { names: ['cookie'] } });
  });

  it('keeps 100 concurrent operations of two callers apart', async () => {
    const callers = Array.from({ length: 100 }, (_, i) => (i % 2 ? 'alice' : 'bob'));
    const query = '{ me { subject email } again { subject } }';
    const replies = await Promise.all(callers.map(async (who) => (await post(query, as(who))).reply.data));
    expect(replies).toEqual(
      callers.map((subject) => ({ me: { subject, email: `${subject}@example.com` }, again: { subject } })),
    );
  });

  it('refuses bad credentials without quoting them, in answer and log', async () => {
    const token = 'not-a-token-of-this-plane';
    const bad = [
      bearer(token),
      { authorization: `Bearer ${token}\u00e9` },
      { authorization: token.repeat(400) },
      { cookie: `session=${token}` },
    ];
    for (const headers of bad) {
      const { reply, text } = await post('{ me { subject } }', headers);
      expect(reply.errors?.[0]?.extensions['code']).toMatch(/^(UNAUTHENTICATED|BAD_REQUEST|FORBIDDEN)$/);
      expect(text).not.toContain(token);
    }
    const log = logger.lines.join('\n');
    for (const secret of [token, 'cookie-of-alice', ...Object.values(tokens)]) expect(log).not.toContain(secret);
  });
});
