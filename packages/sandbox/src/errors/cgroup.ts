/** Limits for groups of processes. */
export const cgroupErrors = {
  SANDBOX_GROUP_FAILED: {
    kind: 'unavailable',
    message:
      'no group of processes could be made at {group} ({reason}); see that this user may write there, then ask again what this host can confine',
  },
  SANDBOX_LIMIT_REFUSED: {
    kind: 'limit',
    message:
      'the kernel refused the limit {limit} of {value} ({reason}); ask for more than is in use now, and for no more than the host itself may use',
  },
} as const;
