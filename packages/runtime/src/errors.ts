import { defineErrors } from '@hotswap/protocol';

/** Builds every error this package throws. The code is stable; the message says what to do. */
export const fail = defineErrors({
  // The life of a generation.
  LIFECYCLE_TRANSITION_REFUSED: {
    kind: 'internal',
    message: 'a generation cannot move from {from} to {to} ({reason})',
  },
  PLUGIN_START_FAILED: { kind: 'plugin-fault', message: 'plugin {plugin} failed to start: {problem}' },
  PLUGIN_UNHEALTHY: { kind: 'plugin-fault', message: 'plugin {plugin} says it is unhealthy: {problem}' },
  PLUGIN_CONFIGURE_FAILED: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} did not take its new config: {problem}; the old one stays in force',
  },
  PLUGIN_STOP_FAILED: { kind: 'plugin-fault', message: 'plugin {plugin} failed while stopping: {problem}' },
  PLUGIN_PHASE_TIMED_OUT: {
    kind: 'plugin-fault',
    message:
      'plugin {plugin} did not finish to {phase} within {limitMs} ms; raise [plugins] {setting} or make it faster',
  },
  PLUGIN_EXIT_REFUSED: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} called process.exit, which would end the host',
  },
  REGISTRATION_CLOSED: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} registered a {type} after start() had ended; register everything inside start()',
  },

  // State.
  STATE_EXPORT_FAILED: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} failed to export its state: {problem}',
  },
  STATE_NOT_CLONEABLE: {
    kind: 'plugin-fault',
    message: 'the state of the plugin cannot be encoded: {problem}; exportState must give what structuredClone takes',
  },
  STATE_VERSION_UNREACHABLE: {
    kind: 'plugin-fault',
    message:
      'no migrations lead from state version {from} to {to}; add the missing up or down step to state.migrations',
  },
  STATE_MIGRATION_FAILED: {
    kind: 'plugin-fault',
    message: 'the migration of the state from version {from} to {to} failed: {problem}',
  },
  STATE_ROUND_TRIP_FAILED: {
    kind: 'plugin-fault',
    message: 'state that goes up from version {from} to {to} and down again is not what it was; mend the down step',
  },
  STATE_CORRUPT: {
    kind: 'internal',
    message: 'the state of plugin {plugin} does not match its checksum ({where})',
  },
  STATE_NOT_SAVED: {
    kind: 'unavailable',
    message:
      'the state of plugin {plugin} could not be saved in {folder} ({reason}); the plugin goes on, free or mend the disk',
  },
  HISTORY_NOT_SAVED: {
    kind: 'unavailable',
    message: 'the history of plugin {plugin} could not be saved in {file} ({reason}); free or mend the disk',
  },
  STATE_UNREADABLE: {
    kind: 'unavailable',
    message: 'the state of plugin {plugin} cannot be read from {file} ({reason}); check its folder',
  },
  ROLLBACK_NEEDS_FORCE: {
    kind: 'conflict',
    message:
      'plugin {plugin} has answered {writes} calls since it runs with state version {from}, and no down step leads to {to}: going back would lose what they wrote; add the down step, or use force',
  },
  STATE_NEEDS_EXCLUSIVE: {
    kind: 'invalid',
    message:
      "plugin {plugin} exports state, which an overlap swap would lose; set swap: 'exclusive', or state: 'lossy-cache'",
  },

  // Routes.
  ROUTE_INVALID: { kind: 'invalid', message: 'route path {path} cannot be used: {problem}' },
  ROUTE_CONFLICT: {
    kind: 'conflict',
    message: 'plugin {plugin} wants route {route}, which plugin {holder} has; change one of the two paths',
  },

  // Calls.
  PLUGIN_HANDLER_FAILED: { kind: 'plugin-fault', message: 'plugin {plugin} failed while it answered: {problem}' },
  HANDLER_ANSWER_INVALID: {
    kind: 'plugin-fault',
    message: 'a handler of plugin {plugin} answered {found}; it must answer a Response',
  },
  CALL_TIMED_OUT: { kind: 'timeout', message: 'plugin {plugin} did not answer within {limitMs} ms' },
  CALL_CANCELLED: { kind: 'unavailable', message: 'the call to plugin {plugin} was cancelled: {reason}' },
  HAND_OVER_TIMED_OUT: {
    kind: 'timeout',
    message:
      'plugin {plugin} did not change hands within {limitMs} ms; the old version serves on: raise [plugins] parkTimeout, or make its longest request shorter',
  },
  PARKING_FULL: {
    kind: 'unavailable',
    message:
      'plugin {plugin} is changing hands and {places} requests wait already; try again, or raise [plugins] maxParked',
  },
  PLUGIN_NOT_READY: { kind: 'unavailable', message: 'plugin {plugin} was not ready within {limitMs} ms; try again' },
  PLUGIN_DOWN: {
    kind: 'unavailable',
    message: 'plugin {plugin} is down ({reason}); try again in {retryAfterSeconds} s',
  },
  PLUGIN_UNRESPONSIVE: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} did not answer {calls} calls in a row within {limitMs} ms each',
  },
  QUARANTINED: {
    kind: 'unavailable',
    message:
      'plugin {plugin} was given up after {attempts} restarts ({problem}); repair it, then hotswap plugin restart {plugin}',
  },
  PLUGIN_UNLOADING: { kind: 'unavailable', message: 'Service temporarily unavailable' },
  PLUGIN_UNAVAILABLE: {
    kind: 'unavailable',
    message: 'plugin {plugin} is {state}; see hotswap plugin status {plugin}',
  },
  METHOD_UNKNOWN: { kind: 'not-found', message: 'plugin {plugin} has no method {method}; it has: {known}' },

  // Changes.
  PLUGIN_LOADED_ALREADY: { kind: 'conflict', message: 'plugin {plugin} is loaded already; swap or reload it' },
  PLUGIN_NAME_MISMATCH: {
    kind: 'conflict',
    message: 'the new source is plugin {found}, not {plugin}; load it under its own name',
  },
  PLUGIN_HAS_DEPENDENTS: {
    kind: 'conflict',
    message: 'plugin {plugin} is needed by {dependents}; unload those first, or unload with cascade',
  },
  PLUGIN_DISABLED: { kind: 'conflict', message: 'plugin {plugin} is disabled; enable it first' },
  SNAPSHOT_MISSING: { kind: 'conflict', message: 'no snapshot available for plugin {plugin}' },
  SNAPSHOT_SOURCE_CHANGED: {
    kind: 'conflict',
    message:
      'version {version} of plugin {plugin} cannot be brought back: {source} {problem}; swap to a source that still has it',
  },
  PLUGIN_LIMIT_TOO_HIGH: {
    kind: 'forbidden',
    message:
      'plugin {plugin} asks for limits.{limit} of {asked}; {setting} allows {allowed}: lower the one or raise the other',
  },
  ISOLATE_EXITED: {
    kind: 'plugin-fault',
    message: 'the isolate of plugin {plugin} ended: {reason}; see hotswap plugin status {plugin}',
  },
  ISOLATE_STUCK: {
    kind: 'plugin-fault',
    message: 'the thread of plugin {plugin} could not be ended and was abandoned; it may hold a core and memory',
  },
  ISOLATE_NEEDS_SOURCE: {
    kind: 'invalid',
    message:
      'plugin {plugin} was given as an object in memory, which cannot cross to isolation {level}; load it from its file or folder: in a test, as the default export of a file of its own',
  },
  GUEST_CALLS_EXCEEDED: {
    kind: 'limit',
    message: 'the plugin has {limit} calls to its host under way; wait for some of them before it makes more',
  },
  GUEST_MESSAGE_INVALID: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} sent its host what it may not send: {problem}',
  },
  ISOLATION_UNAVAILABLE: {
    kind: 'invalid',
    message: 'plugin {plugin} asks for isolation {level}, which this build does not have; choose one of: {available}',
  },
  ISOLATION_UNCHANGED: { kind: 'conflict', message: 'plugin {plugin} runs at isolation {level} already' },
  TRANSITION_VETOED: {
    kind: 'conflict',
    message: 'the move of plugin {plugin} from {from} to {to} was vetoed: {reason}',
  },
  OPERATION_ABORTED: { kind: 'unavailable', message: 'the {operation} of plugin {plugin} was given up: {reason}' },
  VERIFIER_MISSING: {
    kind: 'invalid',
    message:
      'this build cannot verify signatures; set [plugins.security] allowUnsigned = true to run unsigned plugins knowingly',
  },
  PLUGIN_DIRECTORY_UNREADABLE: {
    kind: 'invalid',
    message: 'the plugin directory {directory} cannot be read; create it or set [plugins] directory',
  },
  DEPENDENCY_INACTIVE: {
    kind: 'conflict',
    message: 'plugin {plugin} needs plugin {dependency} ({range}), which is not active; load it first',
  },
  DEPENDENTS_UNSATISFIED: {
    kind: 'conflict',
    message: 'plugin {dependent} needs {plugin} {range}, and this is {version}; swap {dependent} first',
  },
  RUNTIME_STARTED_ALREADY: { kind: 'conflict', message: 'the runtime was started before; create another one' },
  RUNTIME_CLOSED: { kind: 'unavailable', message: 'the runtime is closed' },
  REQUIRE_REFUSED: {
    kind: 'invalid',
    message: 'require({specifier}) is no built-in module; import it at the top of a file so that it is built in',
  },

  // management: who may ask, and how
  MANAGEMENT_CLOSED: {
    kind: 'forbidden',
    message: 'management answers only GET from this machine; set `authorize` or a token to open it',
  },
  MANAGEMENT_UNAUTHENTICATED: {
    kind: 'unauthenticated',
    message: '{permission} needs credentials; send "Authorization: Bearer TOKEN"',
  },
  MANAGEMENT_FORBIDDEN: { kind: 'forbidden', message: 'these credentials do not grant {permission}' },
  MANAGEMENT_HOST_REFUSED: {
    kind: 'forbidden',
    message: 'host {host} is not a name of this listener; add it to `allowedHosts`',
  },
  MANAGEMENT_ORIGIN_REFUSED: {
    kind: 'forbidden',
    message: 'origin {origin} may not use management; add it to `allowedOrigins`',
  },
  MANAGEMENT_PATH_UNKNOWN: { kind: 'not-found', message: 'no management endpoint {path}' },
  MANAGEMENT_METHOD_NOT_ALLOWED: { kind: 'invalid', message: '{method} is not allowed here; use {allow}' },
  MANAGEMENT_MEDIA_TYPE: { kind: 'invalid', message: 'a body must be application/json, this one is {mediaType}' },
  MANAGEMENT_BODY_TOO_LARGE: { kind: 'limit', message: 'the body is over {limit} bytes; send a smaller one' },
  MANAGEMENT_BODY_ALREADY_READ: {
    kind: 'internal',
    message: 'another middleware read the body and kept no `rawBody` or JSON `body`; mount management before it',
  },
  MANAGEMENT_BODY_INVALID: { kind: 'invalid', message: 'the request cannot be used: {reason}' },
  MANAGEMENT_DEFECT: { kind: 'internal', message: 'management failed inside; the log of the host says how' },
  MANAGEMENT_TOKEN_INVALID: { kind: 'invalid', message: '{name} cannot be used as a token: {reason}' },

  // plugins: who is asked for
  PLUGIN_NAME_MISSING: { kind: 'invalid', message: 'no plugin was named; add ?plugin=NAME' },
  PLUGIN_UNKNOWN: { kind: 'not-found', message: 'no plugin {plugin} is loaded' },

  // loading: where code may come from
  SOURCE_OUTSIDE_ROOT: {
    kind: 'forbidden',
    message: '{path} is not inside the plugin directory or a listed source; move it there',
  },
  SOURCE_NOT_FOUND: { kind: 'not-found', message: 'there is nothing at {path}; check the path' },
  SOURCE_UNSUPPORTED: {
    kind: 'invalid',
    message: 'cannot load from {source}; give a folder with a package.json, a .ts or .js file, or a .tgz archive',
  },
  MANIFEST_INVALID: { kind: 'invalid', message: 'the manifest in {where} cannot be used: {summary}' },
  ENGINE_UNSATISFIED: {
    kind: 'conflict',
    message:
      'plugin {plugin} asks for HotSwap {range}, this is {running}; update HotSwap or widen `engines.hotswap` in {where}',
  },
  BUILD_FAILED: { kind: 'plugin-fault', message: 'plugin {plugin} does not build: {summary}' },
  LOADER_CLOSED: { kind: 'unavailable', message: 'plugin {plugin} was not loaded, because the loader is closed' },
  BUILD_FILE_REFUSED: {
    kind: 'forbidden',
    message:
      'plugin {plugin} uses {file}, which is outside its folder and its node_modules; move it there or add its folder to `allowedRoots`',
  },
  NATIVE_ADDON_REFUSED: {
    kind: 'invalid',
    message:
      'plugin {plugin} needs {package}, a native addon ({file}), which cannot be swapped in this process; use a pure JavaScript package',
  },
  IMPORT_REFUSED: {
    kind: 'invalid',
    message:
      'plugin {plugin} imports {specifier} at run time; only node: built-ins and @hotswap/sdk can be, bundle the rest',
  },
  ARCHIVE_REFUSED: { kind: 'invalid', message: 'the archive {path} is refused: entry {entry} {reason}' },
  ARCHIVE_NOT_BUNDLED: {
    kind: 'invalid',
    message:
      'the archive {path} still imports {specifier}; make it with `hotswap plugin pack`, which bundles everything',
  },
  PLUGIN_EXPORT_MISSING: {
    kind: 'plugin-fault',
    message:
      'plugin {plugin} exports {found} but no plugin; write `export default definePlugin({ start(ctx) {} })` or `export const createPlugin = () => ({ start(ctx) {} })`',
  },

  // loading: which plugins go before which
  DEPENDENCY_MISSING: {
    kind: 'conflict',
    message: 'plugin {plugin} needs {dependency} {range}, which is not loaded; load it or mark the dependency optional',
  },
  DEPENDENCY_UNSATISFIED: {
    kind: 'conflict',
    message: 'plugin {plugin} needs {dependency} {range}, but {dependency} is {version}; change one of the two',
  },
  DEPENDENCY_CYCLE: {
    kind: 'conflict',
    message: 'plugins depend on each other in a circle: {path}; remove one of these dependencies',
  },
  DEPENDENCY_FAILED: {
    kind: 'conflict',
    message: 'plugin {plugin} needs {dependency}, which cannot be loaded: {reason}',
  },
  LOAD_ORDER_UNKNOWN: {
    kind: 'invalid',
    message: '{place}loadOrder names {entry}, which is no enabled plugin and no kind of one{hint}',
  },

  // config: the file, the environment, a plugin's own config, what operators changed
  CONFIG_SYNTAX: { kind: 'invalid', message: '{file}:{line}:{column}: {reason}\n\n{frame}' },
  CONFIG_INVALID: { kind: 'invalid', message: '{file} has {count} to correct:\n{list}' },
  CONFIG_UNREADABLE: { kind: 'unavailable', message: '{file} cannot be read ({reason}); put it back or name another' },
  CONFIG_SCHEMA_INVALID: { kind: 'plugin-fault', message: 'the config schema of {plugin} cannot be used: {reason}' },
  CONFIG_REJECTED: { kind: 'invalid', message: 'the config of {plugin} has {count} to correct:\n{list}' },
  CONFIG_VERSION_UNKNOWN: {
    kind: 'not-found',
    message: 'no config version {version} of {plugin} is kept; kept: {kept}',
  },
  DESIRED_STATE_CORRUPT: {
    kind: 'internal',
    message: '{file} is damaged ({reason}); restore the state before the last change from {backup}, or move it away',
  },
  DESIRED_STATE_UNREADABLE: { kind: 'unavailable', message: '{file} cannot be read ({reason}); check its folder' },
  DESIRED_STATE_NOT_SAVED: {
    kind: 'unavailable',
    message: 'the change to {plugin} could not be saved in {file} ({reason}); it is not kept, try again',
  },
  CONFIG_NOT_TOML: {
    kind: 'invalid',
    message: '{key} of plugin {plugin} holds null, which TOML cannot say; set it to a value first, or keep it as it is',
  },
  WATCH_FAILED: { kind: 'unavailable', message: '{path} cannot be watched: {reason}' },

  // host services: storage
  STORAGE_KEY_INVALID: { kind: 'invalid', message: 'key {key} cannot be stored: {problem}; choose another key' },
  STORAGE_LIMIT_INVALID: {
    kind: 'invalid',
    message: 'a list cannot hold {limit} keys; ask for a whole number above 0',
  },
  STORAGE_VALUE_TOO_LARGE: {
    kind: 'limit',
    message: 'the value of {key} is {bytes} bytes, over the limit of {limit}; split it over several keys',
  },
  STORAGE_CONFLICT: {
    kind: 'conflict',
    message: 'other writers changed the same keys in each of {attempts} attempts; try again later',
  },
  STORAGE_UNAVAILABLE: {
    kind: 'unavailable',
    message: 'the store cannot be used: {reason}; check disk and data folder',
  },
  VALUE_NOT_CLONEABLE: {
    kind: 'invalid',
    message: 'the value at {path} cannot be copied ({reason}); hand over plain data instead',
  },

  // host services: events, tasks, services, extension points
  EVENT_NAME_INVALID: {
    kind: 'invalid',
    message: 'event name {name} is empty or holds a "*" that is not its end; write it like key.added or key.*',
  },
  SERVICE_UNAVAILABLE: {
    kind: 'unavailable',
    message: 'no one provided service {service} within {timeoutMs} ms; {hint}',
  },
  SERVICE_CONFLICT: {
    kind: 'conflict',
    message: 'plugin {plugin} cannot provide service {service}: {provider} does; unload one of them',
  },
  SERVICE_TIMED_OUT: {
    kind: 'timeout',
    message: '{service}.{method} of plugin {provider} did not answer within {timeoutMs} ms; look at that plugin',
  },

  // host services: metrics
  METRIC_NAME_INVALID: { kind: 'invalid', message: 'metric or label name {name} cannot be used: {problem}' },
  METRIC_CONFLICT: {
    kind: 'conflict',
    message: 'metric {name} is a {type} of {owner} already; choose another name, or the same type and buckets',
  },
  METRIC_LABEL_UNKNOWN: {
    kind: 'invalid',
    message: 'metric {name} has no label {label}; list it in `labels` where the metric is made',
  },
  METRIC_VALUE_INVALID: { kind: 'invalid', message: 'metric {name} cannot take {value}: {problem}' },

  // host services: secrets, network
  CAPABILITY_MISSING: {
    kind: 'forbidden',
    message: 'plugin {plugin} may not use {wanted}; add it to `capabilities.{capability}` of its manifest',
  },
  SECRET_UNKNOWN: { kind: 'not-found', message: 'secret {secret} is not set; add it to the secrets of the host' },
  SECRET_UNREADABLE: { kind: 'unavailable', message: 'secret {secret} cannot be read; check its entry in the host' },
  NETWORK_ADDRESS_REFUSED: {
    kind: 'forbidden',
    message: '{host} leads to {address}, which is not a public address; list that address itself if it is meant',
  },
  NETWORK_HOST_UNKNOWN: { kind: 'unavailable', message: 'host {host} has no address; check the name and the resolver' },
  NETWORK_SCHEME_REFUSED: { kind: 'invalid', message: '{scheme} addresses cannot be fetched; use http or https' },
  NETWORK_BODY_SPENT: {
    kind: 'conflict',
    message: '{url} redirects a streamed body, which is spent; send text or bytes, or ask for its target',
  },
  NETWORK_TOO_MANY_REDIRECTS: { kind: 'limit', message: '{url} redirects more than {limit} times; ask for its target' },

  // the edge: what arrives over HTTP, and what may be answered
  HOST_HANDLER_FAILED: { kind: 'internal', message: 'the server failed while it answered; its log says how' },
  BODY_TOO_LARGE: { kind: 'limit', message: 'the request body is over {limit} bytes; send a smaller one' },
  URL_TOO_LONG: { kind: 'limit', message: 'the request target is over {limit} bytes; send a shorter one' },
  BODY_ALREADY_READ: {
    kind: 'internal',
    message:
      'a body parser read the body before the plugins could; mount the runtime before it, or have it keep `request.rawBody`',
  },
  CLIENT_LEFT: { kind: 'unavailable', message: 'the client closed the connection before the answer was complete' },
  RESPONSE_HEADER_INVALID: {
    kind: 'plugin-fault',
    message: 'the answer has a header field that HTTP forbids: {problem}',
  },
  RESPONSE_STATUS_INVALID: {
    kind: 'plugin-fault',
    message: 'the answer has status {status}; give one from 200 to 599',
  },
  RESPONSE_LENGTH_MISMATCH: {
    kind: 'plugin-fault',
    message: 'the answer declares content-length {declared}, its body has {found} bytes; leave the header to the host',
  },
  RESPONSE_BODY_USED: {
    kind: 'plugin-fault',
    message: 'the body of the answer was read or sent before; answer a clone or a new one',
  },
  UPGRADE_WITH_BODY: { kind: 'invalid', message: 'a request that asks for a WebSocket must have no body' },
  ATTACHMENT_TOO_LARGE: {
    kind: 'limit',
    message:
      'the attachment of a connection is {bytes} bytes once encoded, over the limit of {limit}; keep the data in ctx.storage and its key here',
  },
  WEBSOCKET_CLOSE_INVALID: {
    kind: 'plugin-fault',
    message: 'a connection cannot be closed with code {code}: {problem}',
  },
  WEBSOCKET_SERVER_CLOSED: {
    kind: 'unavailable',
    message: 'the server closes and takes no more WebSocket connections',
  },
  TRUSTED_PROXY_INVALID: {
    kind: 'invalid',
    message: '{entry} is no address of a trusted proxy; write it like 10.0.0.1 or 10.0.0.0/8',
  },
  // What `hotswap doctor` asks for.
  DIAGNOSIS_RUNNING: {
    kind: 'conflict',
    message: 'the heap is being searched for leaks already; wait for that search to end, then ask again',
  },
  DIAGNOSIS_FAILED: {
    kind: 'unavailable',
    message:
      'the heap could not be searched for leaks: {problem}; the temporary folder needs room for the whole heap twice',
  },
  PORT_IN_USE: { kind: 'conflict', message: 'port {port} on {host} is in use; stop what uses it or choose another' },
  LISTEN_FAILED: { kind: 'unavailable', message: 'cannot listen on {host}, port {port}: {problem}' },
});
