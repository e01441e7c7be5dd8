// For hosts: plugins in any language.
export { grpcDialect } from './grpc-dialect.ts';
export type { GrpcDialectOptions } from './grpc-dialect.ts';
export type { HostIdentity } from './launch/remote-target.ts';

// For authors: a plugin written for Node that hosts of other kinds start too.
export { servePlugin } from './serve/serve-plugin.ts';
export type { ServedCall, ServedPlugin, ServedRoute, ServedStart, ServedState } from './serve/served-plugin.ts';
