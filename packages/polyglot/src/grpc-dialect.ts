import type { PluginManifest } from '@hotswap/protocol';
import type { Dialect, DialectRequest } from '@hotswap/runtime';
import { LateIsolate } from './late-isolate.ts';
import type { HostIdentity } from './launch/remote-target.ts';
import { fail } from './errors.ts';

/** Settings of the dialect. */
export interface GrpcDialectOptions {
  /** How long a plugin may take from its start to its handshake, in milliseconds; default 20,000. */
  readonly handshakeTimeoutMs?: number;
  /** Who this host is to plugins that run elsewhere. Default: nobody, and none is reached. */
  readonly identity?: HostIdentity;
}

/**
 * Runs plugins in any language that serve `hotswap.plugin.v1.Plugin`: hand it to `createRuntime({ dialects })`. It costs
 * nothing before the first of them is loaded: gRPC is imported then.
 */
export function grpcDialect(options: GrpcDialectOptions = {}): Dialect {
  const { handshakeTimeoutMs: handshakeMs = 20_000, identity } = options;
  return {
    name: 'grpc',
    check: (request) => {
      checkCapabilities(request.manifest);
      checkLevel(request);
    },
    isolate: (request) =>
      new LateIsolate(request.level, whatNothingConfines(request), async () => {
        const { makeGrpcIsolate } = await import('./make-grpc-isolate.ts');
        return makeGrpcIsolate(request, { handshakeMs, identity });
      }),
  };
}

/** What an operator must know of a plugin that is less confined than others at its level; undefined: it is confined. */
function whatNothingConfines({ executable, level }: DialectRequest): string | undefined {
  if (executable.target !== undefined) return `it runs at ${executable.target}, where this host confines nothing`;
  return level === 'sandbox' ? undefined : 'its program may do what the user of this host may do';
}

/** What a plugin in another process could only have through the host, which offers it to no program yet. */
function checkCapabilities({ name: plugin, capabilities = {} }: PluginManifest): void {
  const refuse = (capability: string, advice: string): Error =>
    fail('PLUGIN_CAPABILITY_UNAVAILABLE', { plugin, capability, advice });
  if ((capabilities.secrets ?? []).length > 0) {
    throw refuse('secrets', 'name them in its config as secret:NAME, which it is handed resolved');
  }
  if ((capabilities.services ?? []).length > 0) throw refuse('services', 'it calls no services of its host');
}

function checkLevel({ level, manifest: { name: plugin }, executable: { target } }: DialectRequest): void {
  if (target !== undefined && (level === 'sandbox' || level === 'container')) {
    throw fail('PLUGIN_LEVEL_UNAVAILABLE', {
      plugin,
      level,
      reason: 'it runs elsewhere, where this host confines nothing; set strict or weaker, knowingly',
    });
  }
  if (level === 'container') {
    throw fail('PLUGIN_LEVEL_UNAVAILABLE', {
      plugin,
      level,
      reason: 'a program is confined as a process; set sandbox, or make it an image',
    });
  }
}
