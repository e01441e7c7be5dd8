/** What decides the flags of a confined Node. */
export interface NodeFlagsOptions {
  readonly usesPermissions: boolean;
  /** Path of the file that is loaded first; undefined: none. */
  readonly preload: string | undefined;
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly native: boolean;
  /** Whether it may open connections at all; to where is not for Node to decide. */
  readonly network: boolean;
  readonly memoryMB: number;
  /** The caller's own; they come last and so win where a flag can be given twice. */
  readonly flags: readonly string[];
}

/** Of its memory, what the heap may take; the rest is code, stacks and buffers. */
const heapShare = 0.75;

/** The flags of Node for one launch. Threads, children, inspector and WASI are never granted. */
export function nodeFlags(options: NodeFlagsOptions): readonly string[] {
  return [
    `--max-old-space-size=${Math.floor(options.memoryMB * heapShare)}`,
    ...(options.usesPermissions ? permissions(options) : []),
    ...(options.usesPermissions || options.preload !== undefined ? closing.filter(isKnown) : []),
    ...(options.preload === undefined ? [] : ['--require', options.preload]),
    ...options.flags,
  ];
}

/** Doors of Node that have a flag. SQLite and FFI do not ask the permission model for each file or call. */
const closing = ['--no-experimental-sqlite', '--no-experimental-ffi', '--disable-sigusr1'];

/** An older Node has fewer doors, and refuses to start when it is told to close one that it does not have. */
const isKnown = (flag: string): boolean => process.allowedNodeEnvironmentFlags.has(flag);

function permissions({ preload, read, write, native, network }: NodeFlagsOptions): readonly string[] {
  // Shorter first: Node forgets a folder's own listing when something below it was granted before the folder.
  const readable = [...(preload === undefined ? [] : [preload]), ...read, ...write].toSorted(
    (a, b) => a.length - b.length,
  );
  return [
    '--permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    ...write.map((path) => `--allow-fs-write=${path}`),
    // It warns of these two at each start.
    ...(native ? ['--allow-addons', '--disable-warning=PERM0001'] : []),
    ...(network ? ['--allow-net', '--disable-warning=ExperimentalWarning'].filter(isKnown) : []),
  ];
}
