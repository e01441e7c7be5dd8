import { HotResponse } from '@hotswap/protocol/http';
import type { StaticAnswer } from '../recovery-policy.ts';
import { downActions, type DownPolicy } from './down-policy.ts';
import type { WaitingRoom } from './waiting-room.ts';
import { fail } from '../../errors.ts';
import type { Generation } from '../../plugin/generation.ts';
import type { Admission, Gate } from '../../routing/gate.ts';

/** How a plugin that does not simply serve stands, at the moment when somebody asks. */
export interface OutageView {
  /** A generation is being started. */
  readonly isLoading: boolean;
  /** The generation to let this one caller into. */
  readonly admits: Generation | undefined;
  readonly policy: DownPolicy;
  readonly response: StaticAnswer;
  /** Why it is down, in a few words. */
  readonly reason: string;
  readonly retryAfterSeconds: number;
}

/** Stands in front of a plugin that is down: waits for one that starts, else does what the policy says. */
export function createOutageGate(parts: {
  readonly plugin: string;
  readonly room: WaitingRoom;
  readonly look: () => OutageView;
}): Gate<Generation> {
  const { plugin, room } = parts;
  const admit: Gate<Generation>['admit'] = ({ kind }): Admission<Generation> => {
    const { isLoading, admits, policy, response, reason, retryAfterSeconds } = parts.look();
    if (admits !== undefined) return { type: 'enter', generation: admits };
    const action = downActions[policy][kind];
    if (action === 'skip') return { type: 'skip' };
    if (isLoading) return room.enter();
    if (action === 'answer') return { type: 'answer', response: () => answerOf(response) };
    return { type: 'refuse', error: fail('PLUGIN_DOWN', { plugin, reason, retryAfterSeconds }) };
  };
  return { reason: 'down', admit };
}

function answerOf({ status, headers, body }: StaticAnswer): HotResponse {
  return new HotResponse(body, { status, headers });
}
