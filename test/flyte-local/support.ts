import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ConnectError, createClient, type Client, type Interceptor, type Transport } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { IdentityService } from 'nestjs-flyte/idl/auth/identity';
import { ProjectService } from 'nestjs-flyte/idl/project/project_service';
import { afterAll } from 'vitest';

/** The command, as npm links it. */
export const BIN = fileURLToPath(new URL('../../libs/flyte-local/bin/nestjs-flyte-local.js', import.meta.url));

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A new folder, removed after the tests of its file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'flyte-local-'));
  folders.push(folder);
  return folder;
}

/** Sends a token with each call. */
export function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set('authorization', `Bearer ${token}`);
    return next(request);
  };
}

/** A protocol over a version of HTTP. */
export type Wire = readonly [protocol: 'connect' | 'grpc' | 'grpc-web', httpVersion: '1.1' | '2'];

/** The ways of talking to the plane: each protocol over each version of HTTP that it has. */
export const WIRES: readonly Wire[] = [
  ['connect', '1.1'],
  ['connect', '2'],
  ['grpc', '2'],
  ['grpc-web', '1.1'],
  ['grpc-web', '2'],
];

/** A transport of one of {@link WIRES}. */
export function transportOf(
  [protocol, httpVersion]: Wire,
  baseUrl: string,
  interceptors: Interceptor[] = [],
  ca?: string,
): Transport {
  const nodeOptions = ca === undefined ? {} : { ca };
  switch (protocol) {
    case 'connect':
      return createConnectTransport({ baseUrl, httpVersion, interceptors, nodeOptions });
    case 'grpc':
      return createGrpcTransport({ baseUrl, interceptors, nodeOptions });
    default:
      return createGrpcWebTransport({ baseUrl, httpVersion, interceptors, nodeOptions });
  }
}

/** Clients with a token, or without one, by Connect over HTTP/1.1. */
export function clientsOf(
  url: string,
  token?: string,
): { users: Client<typeof IdentityService>; projects: Client<typeof ProjectService> } {
  const transport = transportOf(['connect', '1.1'], url, token === undefined ? [] : [bearer(token)]);
  return { users: createClient(IdentityService, transport), projects: createClient(ProjectService, transport) };
}

/** The error of a call that must fail. */
export async function failure(call: Promise<unknown>): Promise<ConnectError> {
  try {
    await call;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error('the call succeeded, and should have failed');
}

/** A connected socket. */
export async function openSocket(port: number): Promise<Socket> {
  const socket = connectSocket({ port, host: '127.0.0.1' });
  socket.setNoDelay(true);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Everything that the peer sends until it hangs up. */
export async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  if (!socket.destroyed) await once(socket, 'close').catch(() => {});
  return text;
}

/** Sends a request by hand over HTTP/2; headers as given, pseudo headers too. */
export async function requestHttp2(
  url: string,
  headers: Record<string, string>,
  sent?: string,
): Promise<{ status: number; body: string }> {
  const session = connectHttp2(url);
  try {
    const stream = session.request({ ':path': '/healthz', ...headers });
    stream.end(sent);
    let status = 0;
    stream.on('response', (answer) => (status = Number(answer[':status'])));
    let body = '';
    for await (const chunk of stream) body += String(chunk);
    return { status, body };
  } finally {
    session.close();
  }
}

/** A certificate for 127.0.0.1 and its key, by the openssl command; undefined if there is none. */
export function selfSigned(): { cert: string; key: string } | undefined {
  const folder = temporaryFolder();
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const how = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const who = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  try {
    execFileSync('openssl', [...how, ...who, '-keyout', key, '-out', cert], { stdio: 'pipe' });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** A run of the command that ended. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts the command in a folder. */
export function startCommand(folder: string, ...flags: string[]): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [BIN, ...flags], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs the command in a folder to its end. */
export async function runCommand(folder: string, ...flags: string[]): Promise<CommandResult> {
  return finish(startCommand(folder, ...flags));
}

/** Waits until a process ends. */
export async function finish(child: ChildProcessByStdio<null, Readable, Readable>): Promise<CommandResult> {
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

/** Waits until a started command has printed its address. */
export async function addressOf(child: ChildProcessByStdio<null, Readable, Readable>): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    const url = /https?:\/\/\S+/.exec(text)?.[0];
    if (url !== undefined && text.includes('token')) return url;
  }
  throw new Error(`the command ended without an address: ${text}`);
}

/** A promise that something else fulfils. */
export function signal(): { readonly happened: Promise<void>; readonly happen: () => void } {
  const emitter = new EventEmitter();
  const happened = new Promise<void>((resolve) => emitter.once('happened', () => resolve()));
  return { happened, happen: () => void emitter.emit('happened') };
}

/** A port of 127.0.0.1 that something else listens on. */
export async function takenPort(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return { port: address.port, [Symbol.asyncDispose]: async () => void server.close() };
}

/** Prints why tests are skipped, unless they are not. */
export function explainSkip(skipped: boolean, reason: string): void {
  if (skipped) process.stderr.write(`skipped: ${reason}\n`);
}
