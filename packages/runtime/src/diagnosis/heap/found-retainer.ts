// What the walk over a heap finds, as plain data: it crosses from the child process to the host.

/** A function's name and the place where it begins. Lines and columns count from 1. */
export interface FunctionPlace {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One object on the way from a root to what should be gone. */
export interface RetainerStep {
  readonly type: string;
  /** Its class, or what V8 calls it. */
  readonly name: string;
  /** The reference that led to it from the step before. */
  readonly by: { readonly type: string; readonly name: string };
  /** Where it is a function, or the running of one. */
  readonly code?: FunctionPlace;
  /** The generation whose code it belongs to, by its label in the census. */
  readonly owner?: string;
  /** Of a timer: whether it repeats. */
  readonly isRepeating?: boolean;
  /** Of a lease: the id of its request. */
  readonly requestId?: string;
}

/** Why one generation is still there: the shortest way from a root to it, root first. */
export interface FoundRetainer {
  /** Its label in the census. */
  readonly label: string;
  /** Whether its code is kept, or only what the host knows of it. */
  readonly anchor: 'code' | 'generation';
  readonly path: readonly RetainerStep[];
}

/** What the child process says. */
export type WalkMessage =
  | { readonly type: 'progress'; readonly step: 'read' | 'walk'; readonly done: number }
  | { readonly type: 'found'; readonly found: WalkResult }
  | { readonly type: 'failed'; readonly message: string };

export interface WalkResult {
  readonly retainers: readonly FoundRetainer[];
  readonly objects: number;
  readonly references: number;
  /** Labels of generations whose memory was still there. */
  readonly alive: readonly string[];
}
