import type { LayerName, LayerState } from '../layers.ts';

/** What it means that a layer is missing, and what to do. */
const meanings: Readonly<Record<LayerName, { readonly consequence: string; readonly advice: string }>> = {
  user: {
    consequence:
      'it runs as the user of its host: without namespaces it may read, write and signal what that user may, and two sandboxes are the same user',
    advice:
      'start the host as root with setpriv (util-linux) installed, or under a user of its own that owns nothing else',
  },
  environment: {
    consequence: 'it sees the variables of its host, secrets among them',
    advice: 'see that /usr/bin/env is there',
  },
  'temp-folder': {
    consequence: 'its temp folder lies on a disk of this host and can fill it',
    advice: 'make bubblewrap work, see namespaces; or put the temp folder of the host on a file system of its own',
  },
  rlimits: {
    consequence: 'one process of it may open files, write core files and use the processor without limit',
    advice: 'raise the hard limits of the host: they are lower than what was asked for, see ulimit -H -a',
  },
  cgroup: {
    consequence: 'its memory, processor and processes are not limited together',
    advice: 'run the host as root, or in a delegated group',
  },
  namespaces: {
    consequence: 'it sees the files, the network and the processes of this host as far as its user may',
    advice:
      'install bubblewrap (package bubblewrap), and allow user namespaces: sysctl user.max_user_namespaces and kernel.unprivileged_userns_clone, on Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0 or a profile for bwrap; Node must lie where every user may read it',
  },
  seccomp: {
    consequence: 'it may use every system call, so that more flaws of the kernel are within its reach',
    advice: 'make bubblewrap work, see namespaces, on x86-64 or arm64 with a kernel that has CONFIG_SECCOMP_FILTER',
  },
  'permission-model': {
    consequence: 'Node itself refuses nothing; what the other layers leave open is open',
    advice: 'use a Node that knows --permission, 24 or newer',
  },
  guard: {
    consequence: 'parts of Node that no plugin needs, such as the inspector and process.binding, can be used',
    advice: 'use a Node that knows module.registerHooks, 24 or newer',
  },
};

/** The state of a layer that does not hold here. */
export function missingLayer(layer: LayerName, error: string): LayerState {
  return { layer, status: 'missing', error, ...meanings[layer] };
}
