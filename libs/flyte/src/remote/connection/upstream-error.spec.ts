import { Code, ConnectError } from '@connectrpc/connect';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FlyteError } from '../../errors/flyte-error.js';
import { isTransient, refusedTask, toFlyteError } from './upstream-error.js';

/** As @connectrpc/connect-node hands on what Node said. */
function fromNode(code: string, as: Code): ConnectError {
  const error = new ConnectError('what Node said', as);
  error.cause = Object.assign(new Error('what Node said'), { code });
  return error;
}

describe('a connection that was lost', () => {
  it.each([
    ['ECONNRESET', Code.Aborted],
    ['ECANCELED', Code.Internal],
    ['EPIPE', Code.Internal],
    ['ENETDOWN', Code.Internal],
    ['ERR_STREAM_PREMATURE_CLOSE', Code.Unknown],
    ['ERR_STREAM_WRITE_AFTER_END', Code.Aborted],
    ['ERR_HTTP2_SESSION_ERROR', Code.Internal],
    ['ERR_HTTP2_STREAM_CANCEL', Code.Internal],
  ])('by Node’s name %s is unavailable, and worth another try', (code, as) => {
    const error = fromNode(code, as);
    expect([toFlyteError(error, 'A.B', undefined).code, isTransient(error)]).toEqual(['unavailable', true]);
  });

  it.each([
    ['missing EndStreamResponse', Code.InvalidArgument],
    ['missing status', Code.Internal],
    ['incomplete envelope', Code.InvalidArgument],
    ['promised 60014 bytes, received 16384', Code.InvalidArgument],
  ])('is what an answer tells that was cut off: %s', (what, as) => {
    const error = new ConnectError(`protocol error: ${what}`, as);
    expect([toFlyteError(error, 'A.B', undefined).code, isTransient(error)]).toEqual(['unavailable', true]);
  });
});

it.each([
  [new ConnectError('no such run', Code.NotFound), 'not_found'],
  [new ConnectError('protocol error: received extra EndStreamResponse', Code.InvalidArgument), 'invalid_argument'],
  [fromNode('ERR_INVALID_ARG_TYPE', Code.Internal), 'internal'],
])('other failures stay what they are: %s', (error, code) => {
  expect([toFlyteError(error, 'A.B', undefined).code, isTransient(error)]).toEqual([code, false]);
});

describe('a database that could not be asked', () => {
  it.each([
    [Code.NotFound, 'action not found: failed to get action: pq: sorry, too many clients already'],
    [Code.NotFound, 'failed to get run: read tcp 10.0.0.1:5432: i/o timeout'],
    [Code.NotFound, 'failed to get task {p development a.b v1}: pq: the database system is starting up'],
    [Code.NotFound, 'failed to get action details: not_found: action not found: failed to get action: EOF'],
    [Code.Unknown, 'failed to get task {p development a.b v1}: EOF'],
    [Code.Internal, 'failed to list actions: pq: remaining connection slots are reserved'],
  ])('is unavailable and worth another try, though Flyte says code %d: %s', (as, said) => {
    const error = new ConnectError(said, as);
    expect([toFlyteError(error, 'A.B', undefined).code, isTransient(error)]).toEqual(['unavailable', true]);
    // Hosts and drivers are nothing that a client should read of.
    expect(toFlyteError(error, 'A.B', undefined)).toMatchObject({
      message: 'Flyte did not answer A.B: unavailable.',
      detail: said,
    });
  });

  it.each([
    [Code.NotFound, 'action not found: action not found', 'not_found'],
    [Code.NotFound, 'failed to get action details: not_found: action not found: action not found', 'not_found'],
    [Code.NotFound, 'run not found: p/development/r1', 'not_found'],
    [Code.NotFound, 'failed to get task: not_found: task not found: {p development a.b v1}', 'not_found'],
    [Code.PermissionDenied, 'too many clients already', 'permission_denied'],
    [Code.Internal, 'failed to get run: corrupt', 'internal'],
  ])('is not what an answer of code %d tells: %s', (as, said, code) => {
    const error = new ConnectError(said, as);
    expect([toFlyteError(error, 'A.B', undefined).code, isTransient(error)]).toEqual([code, false]);
  });
});

it('a missing version of a task is not_found, though Flyte says unknown', () => {
  const error = new ConnectError('task not found: {p development a.b v1}', Code.Unknown);
  expect([toFlyteError(error, 'A.B', undefined).code, isTransient(error)]).toEqual(['not_found', false]);
});

describe('what an app is to mend', () => {
  afterEach(() => vi.unstubAllEnvs());
  const refused = (said: string) =>
    toFlyteError(new ConnectError(said, Code.Unauthenticated), 'A.B', undefined, { isApp: true }).message;

  it('is a sentence after what Flyte said', () => {
    const fix = 'It was called without credentials. Give FlyteModule "passthrough: true"';
    expect(refused('no identity headers')).toContain(`Flyte refused A.B: no identity headers. ${fix}`);
    expect(refused('No identity.')).toContain(`Flyte refused A.B: No identity. ${fix}`);
    expect(refused('')).toContain(`Flyte refused A.B: unauthenticated. ${fix}`);
    expect(refusedTask(new FlyteError('failed_precondition', 'no such file'))).toMatchObject({
      message: expect.stringContaining('no such file. The task was sent'),
    });
  });

  it('is something else inside an action, which has no request', () => {
    vi.stubEnv('ACTION_NAME', 'a0');
    vi.stubEnv('RUN_NAME', 'r1');
    expect(refused('who?')).toMatch(/option "credentials", or call within authMetadata\(headers, fn\)/);
    expect(refused('who?')).not.toContain('passthrough');
  });
});

describe('a project that is not there', () => {
  it.each(['project not found: nowhere', 'project "nowhere" not found', 'There is no project "nowhere".'])(
    'is the operator’s mistake where the module names it, in the words of each service: %s',
    (said) => {
      const error = new ConnectError(said, Code.NotFound);
      expect(toFlyteError(error, 'A.B', undefined, { project: 'nowhere' })).toMatchObject({
        code: 'not_found',
        fault: 'operator',
      });
      expect(toFlyteError(error, 'A.B', undefined, { project: 'elsewhere' }).fault).toBeUndefined();
      expect(toFlyteError(error, 'A.B', undefined).fault).toBeUndefined();
    },
  );

  it.each([
    'run not found: nowhere/development/r1',
    'task not found in project "nowhere"',
    'project "nowhere" not found in the cache of "x"',
  ])('is not what else is missing in it: %s', (said) => {
    const error = new ConnectError(said, Code.NotFound);
    expect(toFlyteError(error, 'A.B', undefined, { project: 'nowhere' }).fault).toBeUndefined();
  });
});
