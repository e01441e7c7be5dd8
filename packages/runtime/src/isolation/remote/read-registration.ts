import type { Registration, RouteMethod } from '@hotswap/protocol';
import { InvalidMessage, listOf, recordOf, textOf, wholeOf } from '../../channel/bounds.ts';

const longestName = 1_024;
const mostPaths = 1_000;
const mostMethods = 1_000;
const longestIntervalMs = Number.MAX_SAFE_INTEGER;
const routeMethods: readonly RouteMethod[] = [
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'ALL',
];

/** What a guest says that it registered, as far as it is a registration at all. @throws InvalidMessage */
export function readRegistration(value: unknown): Registration {
  const said = recordOf(value);
  const id = wholeOf(said['id'], Number.MAX_SAFE_INTEGER);
  const { type } = said;
  switch (type) {
    case 'route':
      return { type, id, method: methodOf(said['method']), path: textOf(said['path'], longestName) };
    case 'middleware':
    case 'request-hook':
    case 'response-hook': {
      const paths = listOf(said['paths'], mostPaths).map((path) => textOf(path, longestName));
      return { type, id, paths, priority: numberOf(said['priority']) };
    }
    case 'websocket':
      return {
        type,
        id,
        path: textOf(said['path'], longestName),
        handsOver: said['handsOver'] === true,
        protocols: listOf(said['protocols'], mostPaths).map((name) => textOf(name, longestName)),
      };
    case 'method':
      return { type, id, name: textOf(said['name'], longestName) };
    case 'task':
      return {
        type,
        id,
        name: textOf(said['name'], longestName),
        everyMs: Math.min(numberOf(said['everyMs']), longestIntervalMs),
      };
    case 'subscription':
      return { type, id, event: textOf(said['event'], longestName) };
    case 'watch':
      return { type, id, service: textOf(said['service'], longestName) };
    case 'service': {
      const methods = listOf(said['methods'], mostMethods).map((name) => textOf(name, longestName));
      return { type, id, name: textOf(said['name'], longestName), methods };
    }
    case 'extension':
      return { type, id, point: textOf(said['point'], longestName), priority: numberOf(said['priority']) };
    default:
      throw new InvalidMessage('a registration of an unknown type');
  }
}

function methodOf(value: unknown): RouteMethod {
  const method = routeMethods.find((name) => name === value);
  if (method === undefined) throw new InvalidMessage('a route needs one of the methods there are');
  return method;
}

function numberOf(value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new InvalidMessage('a number was due');
}
