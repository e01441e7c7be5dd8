import type { Registration } from '@hotswap/protocol';

/** A registration in a few words, such as `GET /hello/:name`. */
function registrationLabel(registration: Registration): string {
  switch (registration.type) {
    case 'route':
      return `${registration.method} ${registration.path}`;
    case 'middleware':
    case 'request-hook':
    case 'response-hook':
      return `${registration.type} ${registration.paths.join(', ')}`;
    case 'websocket':
      return `WebSocket ${registration.path}`;
    case 'method':
      return `method ${registration.name}`;
    case 'task':
      return `${registration.name} every ${registration.everyMs} ms`;
    case 'subscription':
      return `event ${registration.event}`;
    case 'watch':
      return `watch of service ${registration.service}`;
    case 'service':
      return `service ${registration.name}`;
    case 'extension':
      return `extension ${registration.point}`;
  }
}

/** What a plugin registered, as operators read it: its tasks, and everything else. */
export function registrationLabels(registrations: readonly Registration[]): {
  readonly handlers: readonly string[];
  readonly tasks: readonly string[];
} {
  return {
    handlers: registrations.filter(({ type }) => type !== 'task').map(registrationLabel),
    tasks: registrations.filter(({ type }) => type === 'task').map(registrationLabel),
  };
}
