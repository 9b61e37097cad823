/** What an app of a version of Nest installs. */
export interface NestVersions {
  /** What `nestjs-flyte` asks for. */
  readonly core: Readonly<Record<string, string>>;
  /** What an app with HTTP, GraphQL, WebSockets and gRPC has beside that. */
  readonly transports: Readonly<Record<string, string>>;
  /** The compiler that Nest's CLI of that version brings. */
  readonly typescript: string;
}

const core = { 'reflect-metadata': '0.2.2', rxjs: '7.8.2' };
const transports = {
  '@apollo/server': '5.5.1',
  '@as-integrations/express5': '1.1.2',
  '@grpc/grpc-js': '1.14.7',
  '@grpc/proto-loader': '0.8.1',
  graphql: '16.15.0',
  ws: '8.23.0',
};

export const NEST_11: NestVersions = {
  core: { ...core, '@nestjs/common': '11.2.10', '@nestjs/config': '4.0.4', '@nestjs/core': '11.2.10' },
  transports: {
    ...transports,
    '@nestjs/apollo': '13.4.5',
    '@nestjs/graphql': '13.4.5',
    '@nestjs/microservices': '11.2.6',
    '@nestjs/platform-express': '11.2.10',
    '@nestjs/platform-ws': '11.2.6',
    '@nestjs/websockets': '11.2.6',
  },
  typescript: '5.9.3',
};

export const NEST_12: NestVersions = {
  core: { ...core, '@nestjs/common': '12.5.1', '@nestjs/config': '12.0.1', '@nestjs/core': '12.5.1' },
  transports: {
    ...transports,
    '@nestjs/apollo': '14.0.3',
    '@nestjs/graphql': '14.0.3',
    '@nestjs/microservices': '12.1.1',
    '@nestjs/platform-express': '12.5.1',
    '@nestjs/platform-ws': '12.1.1',
    '@nestjs/websockets': '12.1.1',
  },
  typescript: '6.0.3',
};
