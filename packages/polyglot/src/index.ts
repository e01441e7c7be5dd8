// For hosts: plugins in any language.
export { grpcDialect } from './grpc-dialect.ts';
export type { GrpcDialectOptions } from './grpc-dialect.ts';
export type { HostIdentity } from './launch/remote-target.ts';
