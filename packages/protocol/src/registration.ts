/** Lower runs first; equal priorities run in plugin load order. */
export type Priority = number;

/** HTTP methods a route can be registered for; `ALL` matches each of them. */
export type RouteMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS' | 'TRACE' | 'ALL';

/**
 * What a plugin registers, as data that can cross any isolation boundary.
 * The handler stays in the isolate and is named by `id`, unique inside one generation.
 */
export type Registration =
  | { readonly type: 'route'; readonly id: number; readonly method: RouteMethod; readonly path: string }
  | {
      readonly type: 'middleware';
      readonly id: number;
      readonly paths: readonly string[];
      readonly priority: Priority;
    }
  | {
      readonly type: 'request-hook' | 'response-hook';
      readonly id: number;
      readonly paths: readonly string[];
      readonly priority: Priority;
    }
  | {
      readonly type: 'websocket';
      readonly id: number;
      readonly path: string;
      /** Open connections go on with the next generation instead of being closed. */
      readonly handsOver: boolean;
      /** Subprotocols it speaks. */
      readonly protocols: readonly string[];
    }
  | { readonly type: 'method'; readonly id: number; readonly name: string }
  | { readonly type: 'task'; readonly id: number; readonly name: string; readonly everyMs: number }
  | { readonly type: 'subscription'; readonly id: number; readonly event: string }
  | { readonly type: 'watch'; readonly id: number; readonly service: string }
  | { readonly type: 'service'; readonly id: number; readonly name: string; readonly methods: readonly string[] }
  | { readonly type: 'extension'; readonly id: number; readonly point: string; readonly priority: Priority };

/** The registration variant with the given tag. */
export type RegistrationOf<Type extends Registration['type']> = Extract<Registration, { readonly type: Type }>;
