import type { AuthHeaders } from '../../auth/auth-metadata.js';
import type { VerifyOptions } from '../../auth/verify-options.js';
import type { HeaderExtractor } from '../../auth/header-extractors.js';
import type { ImageLike, TaskEnvironment } from '../../tasks/task-environment.js';
import type { ServiceLogin } from './service-login.js';

/** Certificates for TLS: PEM text, or bytes. */
export interface FlyteTlsOptions {
  /** The authorities that may have signed Flyte's certificate, in place of the system's. */
  readonly ca?: string | Uint8Array;
  /** This client's certificate, for mutual TLS. Needs `key`. */
  readonly cert?: string | Uint8Array;
  /** The private key of `cert`. */
  readonly key?: string | Uint8Array;
}

/** A function of the app's own that gives the headers to call with. Asked anew for each call; may be async. */
export type AppsOwnHeaders = () => AuthHeaders | Promise<AuthHeaders>;

/**
 * Credentials of the app itself, for calls that no user made: a login that keeps and renews tokens, see
 * {@link clientCredentials}, {@link tokenFile} and {@link externalCommand}, or a function.
 */
export type ServiceCredentials = ServiceLogin | AppsOwnHeaders;

/** How Flyte runs the tasks of this app: `module`, `version` or both. */
export interface FlyteTasksOptions {
  /**
   * The module that provides the tasks: a file, relative to the app's root, and what it exports, such as
   * `./dist/src/tasks.module.js#TasksModule`. Each action starts this module alone. An app with a `version` that deploys no
   * tasks itself may leave it out.
   */
  readonly module?: string;
  /**
   * The version that the tasks were deployed as: a cluster runs exactly those, and no image is needed here. If not given,
   * runs bring the tasks as this app declares them, known under the version of the `package.json` in the working directory.
   */
  readonly version?: string;
  /** The image of tasks whose environment names none. One that is built has the name in `flyte.images.json`. */
  readonly image?: ImageLike;
}

/**
 * Options of `FlyteModule.forRoot`. What is left out, or undefined, comes from the configuration namespace `flyte`
 * (FLYTE_ENDPOINT, FLYTE_INSECURE, FLYTE_ORG, FLYTE_PROJECT, FLYTE_DOMAIN), then from the variables that Flyte sets in its
 * own containers. `endpoint`, `insecure` and `tls` always come together from one of these.
 */
export interface FlyteModuleOptions {
  /** Where Flyte is: `dns:///host[:port]`, `host:port`, `https://host` or, in plaintext, `http://host`. */
  readonly endpoint?: string;
  /** Plaintext instead of TLS. Needs `endpoint`. Never the default, except for `http://` to this machine. */
  readonly insecure?: boolean;
  /** Certificates. Needs `endpoint`. */
  readonly tls?: FlyteTlsOptions;
  /** The organisation that calls are about. */
  readonly org?: string;
  /** The project that calls are about where they name none. */
  readonly project?: string;
  /** The domain that calls are about where they name none. */
  readonly domain?: string;
  /** Demand credentials of every request, and call Flyte with them. Without it guard and interceptor do nothing. */
  readonly passthrough?: boolean;
  /** Paths that stay open: `'/health'` or `'GET /health'`, exactly as they come over the wire, up to `?`. */
  readonly excludedPaths?: readonly string[];
  /** Where credentials are looked for, in place of `[fromAuthorization(), fromCookie()]`. */
  readonly headerExtractors?: readonly HeaderExtractor[];
  /**
   * Names, in lower case, of headers that travel to Flyte along with a caller's credentials and authenticate nobody, such
   * as `traceparent`. None if not given.
   */
  readonly forwardHeaders?: readonly string[];
  /**
   * Origins of other sites, such as `https://app.example.com`, whose pages may send what browsers add by themselves:
   * cookies, Basic, Digest, Negotiate and NTLM. Compared letter by letter, scheme and port included. None if not given.
   */
  readonly trustedOrigins?: readonly string[];
  /** Check bearer tokens before they are forwarded. A bare Flyte backend reads tokens without verifying them. */
  readonly verify?: VerifyOptions;
  /** The app's own credentials. With `passthrough`, used only by `client.with({ credentials: 'service' })`. */
  readonly credentials?: ServiceCredentials;
  /** How long a call may take, retries included, in milliseconds. 30 000 if not given. Streams have no such limit. */
  readonly timeoutMs?: number;
  /** How long nothing may be read from a stream before it fails, in milliseconds. 600 000 if not given. */
  readonly streamIdleTimeoutMs?: number;
  /** How often a call without side effects is repeated while Flyte is unavailable. 2 if not given, 0 for never. */
  readonly retries?: number;
  /** How Flyte runs the tasks of this app. Without it, the app only calls tasks. */
  readonly tasks?: FlyteTasksOptions;
  /** Where tasks run whose class and method name no environment. One named `default` if not given. */
  readonly defaultEnvironment?: TaskEnvironment;
  /** The protocol on the wire, over HTTP/2 either way. `connect` if not given, as in Flyte's Python SDK. */
  readonly protocol?: 'connect' | 'grpc';
}

/** The options that always have a value. */
export type OptionWithDefault =
  | 'passthrough'
  | 'excludedPaths'
  | 'forwardHeaders'
  | 'trustedOrigins'
  | 'timeoutMs'
  | 'streamIdleTimeoutMs'
  | 'retries'
  | 'protocol';

/** What `useClass` and `useExisting` of `FlyteModule.forRootAsync` implement. */
export interface FlyteOptionsFactory {
  /** Makes the options, once, while the app starts. */
  createFlyteOptions(): FlyteModuleOptions | Promise<FlyteModuleOptions>;
}
