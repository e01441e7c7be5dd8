/**
 * What stands between a confined process and its host, each of which can be missing on some machine.
 *
 * `user`: a uid of its own that owns nothing; `environment`: only the variables that were named; `temp-folder`: a fresh
 * folder of limited size; `rlimits`: limits of the kernel for one process; `cgroup`: limits for all its processes
 * together; `namespaces`: a file tree, network and processes of its own; `seccomp`: an allow-list of system calls;
 * `permission-model`: Node's own; `guard`: closes what Node leaves open.
 */
export type LayerName =
  | 'user'
  | 'environment'
  | 'temp-folder'
  | 'rlimits'
  | 'cgroup'
  | 'namespaces'
  | 'seccomp'
  | 'permission-model'
  | 'guard';

/** Every layer, outermost first. */
export const layerNames: readonly LayerName[] = [
  'user',
  'environment',
  'temp-folder',
  'rlimits',
  'cgroup',
  'namespaces',
  'seccomp',
  'permission-model',
  'guard',
];

/** One layer, as it was found by really using it. */
export interface LayerState {
  readonly layer: LayerName;
  /** `off`: the operator turned it off by name. */
  readonly status: 'used' | 'missing' | 'off';
  /** How it is done where there are several ways, such as `cgroup v1` or `polling`. */
  readonly how?: string;
  /** What the system said when it was tried, word for word. */
  readonly error?: string;
  /** What a confined process can do for want of it: a sentence for operators. */
  readonly consequence?: string;
  /** What an operator may do about it. */
  readonly advice?: string;
}
