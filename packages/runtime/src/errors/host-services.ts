import type { ErrorEntry } from '@hotswap/protocol';

/** What plugins ask of their host: storage, events, services, callbacks, metrics, secrets, network. */
export const hostServiceErrors = {
  STORAGE_KEY_INVALID: { kind: 'invalid', message: 'key {key} cannot be stored: {problem}; choose another key' },
  STORAGE_LIMIT_INVALID: {
    kind: 'invalid',
    message: 'a list cannot hold {limit} keys; ask for a whole number above 0',
  },
  STORAGE_VALUE_TOO_LARGE: {
    kind: 'limit',
    message: 'the value of {key} is {bytes} bytes, over the limit of {limit}; split it over several keys',
  },
  STORAGE_FULL: {
    kind: 'limit',
    message:
      'plugin {plugin} keeps as much as it may: delete something, or raise plugins.security.maxStorageMB; nothing was written',
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
  CALLBACK_NEEDED: {
    kind: 'invalid',
    message: '{path} is a function, which cannot go to another plugin; hand over ctx.callback(fn) instead',
  },
  CALLBACK_GONE: {
    kind: 'not-found',
    message:
      'the callback was released, or the generation that made it has ended; forget it, and ask its owner for a new one',
  },
  CALLBACKS_EXCEEDED: {
    kind: 'limit',
    message: '{what} are limited to {limit} at a time; wait for some, or release what is not needed any more',
  },
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
} satisfies Readonly<Record<string, ErrorEntry>>;
