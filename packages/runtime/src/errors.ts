import { defineErrors } from '@hotswap/protocol';

import { callErrors } from './errors/calls.ts';
import { changeErrors } from './errors/changes.ts';
import { configErrors } from './errors/config.ts';
import { hostServiceErrors } from './errors/host-services.ts';
import { httpErrors } from './errors/http.ts';
import { isolationErrors } from './errors/isolation.ts';
import { lifecycleErrors } from './errors/lifecycle.ts';
import { loadingErrors } from './errors/loading.ts';
import { managementErrors } from './errors/management.ts';
import { stateErrors } from './errors/state.ts';
import { verificationErrors } from './errors/verification.ts';

/** Builds every error this package throws, from the catalogue of each area. The code is stable; the message says what to do. */
export const fail = defineErrors({
  ...lifecycleErrors,
  ...stateErrors,
  ...isolationErrors,
  ...managementErrors,
  ...loadingErrors,
  ...verificationErrors,
  ...configErrors,
  ...hostServiceErrors,
  ...httpErrors,
  ...callErrors,
  ...changeErrors,
});
