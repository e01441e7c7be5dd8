import type { FailurePolicy } from '@hotswap/protocol';
import type { GateCaller } from '../../routing/gate.ts';

/** What is done in place of a plugin that is down; the last two are fallbacks that an operator has chosen. */
export type DownPolicy = FailurePolicy | 'pass-through' | 'static-response';

/** `skip`: as if the plugin were not there. `answer`: the operator's static answer. `refuse`: 503. */
export type DownAction = 'skip' | 'answer' | 'refuse';

type Actions = Readonly<Record<GateCaller['kind'], DownAction>>;

const refused: Actions = { route: 'refuse', middleware: 'refuse', call: 'refuse' };
const skipped: Actions = { route: 'refuse', middleware: 'skip', call: 'refuse' };

/** What who meets, by what is done. */
export const downActions: Readonly<Record<DownPolicy, Actions>> = {
  closed: refused,
  reload: refused,
  open: skipped,
  'pass-through': skipped,
  'static-response': { route: 'answer', middleware: 'answer', call: 'refuse' },
};
