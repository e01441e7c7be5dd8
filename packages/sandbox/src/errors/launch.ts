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
} as const;
