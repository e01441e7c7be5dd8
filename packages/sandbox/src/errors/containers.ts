/** What can go wrong with containers. */
export const containerErrors = {
  CONTAINER_ENGINE_MISSING: {
    kind: 'unavailable',
    message: 'no container engine works here ({tried}); install podman or docker, or name the command of yours',
  },
  CONTAINER_ENGINE_FAILED: {
    kind: 'unavailable',
    message: '{command} failed with {exit}: {reason}; try the same command by hand, then look at the log of the engine',
  },
  CONTAINER_LIMIT_IGNORED: {
    kind: 'unavailable',
    message:
      '{engine} takes limits and does not hold them ({reason}); run it as root or on a host with cgroup v2, or allow the weaker form by name: cgroup in allowMissing',
  },
  CONTAINER_LAUNCH_FAILED: {
    kind: 'unavailable',
    message: 'the container did not start: {reason}; check that its image has node and what it needs',
  },
  CONTAINER_IMAGE_MISSING: {
    kind: 'not-found',
    message:
      'image {image} is not on this host and is never pulled by itself ({reason}); pull it with the engine, then pin it: hotswap sandbox image pin {image}',
  },
  CONTAINER_MOUNT_REFUSED: {
    kind: 'forbidden',
    message: '{source} cannot be mounted: {reason}',
  },
  CONTAINER_OPTION_UNKNOWN: {
    kind: 'invalid',
    message: 'a container has no {option}: {reason}',
  },
} as const;
