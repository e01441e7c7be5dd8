import type { ChannelCredentials } from '@grpc/grpc-js';
import type { PluginProcess } from './plugin-process.ts';

/** Why a plugin is gone. */
export interface EndpointEnd {
  readonly reason: 'exit' | 'signal' | 'memory' | 'limit';
  /** A sentence for operators. */
  readonly detail: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The last lines that it wrote to stderr, oldest first. For operators, never for clients. */
  readonly lastLines: readonly string[];
}

/** A plugin that serves: how to reach it, and its end. */
export interface Endpoint {
  /** As gRPC names it, such as `unix:/tmp/x/plugin.sock`. */
  readonly address: string;
  readonly credentials: ChannelCredentials;
  /** What each call must carry; undefined where the connection itself is the proof. */
  readonly token: string | undefined;
  /** Whether the loss of the connection is its end; else only `exited` is. */
  readonly isRemote: boolean;
  /** What confines it; absent where nothing does. */
  readonly confinement?: PluginProcess['confinement'];
  /** Never rejects; of a remote one it never resolves. */
  readonly exited: Promise<EndpointEnd>;
  /** Waits until it has ended by itself, or until `limit` is aborted; then kills it. */
  end(limit: AbortSignal): Promise<void>;
}
