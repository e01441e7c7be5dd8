import { fileURLToPath } from 'node:url';
import { type MethodDefinition, type Options, loadSync } from '@grpc/proto-loader';
import type {
  AnswerFrame,
  CallFrame,
  HandleRequest,
  HandleResponse,
  HealthCheckResponse,
  InitializeRequest,
  InitializeResponse,
  ServingStatus,
  StateChunk,
  StdioData,
} from './messages.ts';

/** The version of plugin.proto that both sides of a handshake name. */
export const protocolVersion = 1;
/** The version of go-plugin's handshake line. */
export const coreVersion = 1;

type Nothing = Readonly<Record<never, never>>;

/** The service of a plugin. */
export interface PluginService {
  readonly Initialize: MethodDefinition<InitializeRequest, InitializeResponse>;
  readonly Start: MethodDefinition<Nothing, Nothing>;
  readonly Handle: MethodDefinition<HandleRequest, HandleResponse>;
  readonly HandleStream: MethodDefinition<CallFrame, AnswerFrame>;
  readonly HealthCheck: MethodDefinition<Nothing, HealthCheckResponse>;
  readonly ExportState: MethodDefinition<{ readonly schemaVersion: number }, StateChunk>;
  readonly ImportState: MethodDefinition<StateChunk, { readonly returns: boolean }>;
  readonly Shutdown: MethodDefinition<{ readonly reason: string; readonly limitMs: number }, Nothing>;
}

/** What stands beside it. */
export interface HealthService {
  readonly Check: MethodDefinition<{ readonly service: string }, ServingStatus>;
  readonly Watch: MethodDefinition<{ readonly service: string }, ServingStatus>;
}

export interface ControllerService {
  readonly Shutdown: MethodDefinition<Nothing, Nothing>;
}

export interface StdioService {
  readonly StreamStdio: MethodDefinition<Nothing, StdioData>;
}

export interface BrokerService {
  readonly StartStream: MethodDefinition<object, object>;
}

/** Everything that crosses, by service. */
export interface Services {
  readonly plugin: PluginService;
  readonly health: HealthService;
  readonly controller: ControllerService;
  readonly stdio: StdioService;
  readonly broker: BrokerService;
}

const files = ['hotswap/plugin/v1/plugin.proto', 'grpc/health/v1/health.proto', 'go_plugin/plugin.proto'];

let loaded: Services | undefined;

/** The services, read from the .proto files of this package when they are first asked for. */
export function services(): Services {
  loaded ??= load();
  return loaded;
}

function load(): Services {
  const folder = fileURLToPath(new URL('../../proto/', import.meta.url));
  const options: Options = { includeDirs: [folder], defaults: true, oneofs: true, longs: Number, enums: String };
  const definition: Readonly<Record<string, unknown>> = loadSync(files, options);
  // What the .proto files say is what the types above say: this is the one place where both meet.
  return {
    plugin: definition['hotswap.plugin.v1.Plugin'] as PluginService,
    health: definition['grpc.health.v1.Health'] as HealthService,
    controller: definition['plugin.GRPCController'] as ControllerService,
    stdio: definition['plugin.GRPCStdio'] as StdioService,
    broker: definition['plugin.GRPCBroker'] as BrokerService,
  };
}
