/** Of starting a confined process. */
export const launchErrors = {
  SANDBOX_LAYER_MISSING: {
    kind: 'unavailable',
    message:
      'this host cannot confine a process as asked: {layers} missing ({reason}); repair that, or allow the weaker form by name with allowMissing',
  },
  SANDBOX_LAUNCH_FAILED: {
    kind: 'unavailable',
    message: 'a confined process did not start: {reason}; run `hotswap doctor` for what this host can do',
  },
  SANDBOX_PATH_CLOSED: {
    kind: 'invalid',
    message:
      'a confined process cannot be shown {path}: {reason}; name something that is there and can be shown, or let every user read it (chmod o+rX), for it runs as a user of its own',
  },
  SANDBOX_LIMIT_FIXED: {
    kind: 'invalid',
    message: 'the limits of a running process cannot be changed so: {reason}; launch another one with these limits',
  },
} as const;
