/** A connection that was not made, or was ended, as the host is told of it. */
export interface EgressRefusal {
  readonly code: 'SANDBOX_EGRESS_NOT_LISTED';
  /** The `host:port` that was asked for; undefined where the request could not be read. */
  readonly entry: string | undefined;
  /** What the confined program was answered. */
  readonly message: string;
}

/** What went through a proxy since it began. */
export interface EgressCounts {
  /** From the confined program to the outside. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Connections that were refused, for whatever reason. */
  readonly refused: number;
  /** Connections that are open now. */
  readonly open: number;
}

/** What a proxy needs to know. */
export interface EgressProxyOptions {
  /** Absolute, not there yet, in a folder that only its users can enter; it is removed by `close()`. */
  readonly socketPath: string;
  /** Who may connect to it beside root; default: the user of this process. */
  readonly uid?: number;
  /** `host:port` entries that may be reached; default none. */
  readonly entries?: readonly string[];
  /** Connections at one time; default 64. */
  readonly maxConnections?: number;
  /** Every address of a host; default the resolver of the machine. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Called for each refusal, at once. */
  readonly onRefused?: (refusal: EgressRefusal) => void;
}

/** The one way out of a confined process: CONNECT on a unix socket, to what is listed. */
export interface EgressProxy {
  readonly socketPath: string;
  readonly counts: EgressCounts;
  /** Names what may be reached from now on. Connections to what is no longer named end. */
  allow(entries: readonly string[]): void;
  /** Ends every connection and removes the socket. May be called again. */
  close(): Promise<void>;
}

/** Opens a proxy. Resolves when it listens. */
export async function createEgressProxy(options: EgressProxyOptions): Promise<EgressProxy> {
  throw new Error(`not yet: ${options.socketPath}`);
}
