import type { HotResponse } from '@hotswap/protocol/http';
import type { KeyStore } from '../keys/key-store.ts';
import { jsonAnswer } from './answers.ts';

interface StatisticsPorts {
  readonly store: KeyStore;
  readonly now: () => number;
}

/** Answers `/pks/stats` and `op=stats`, with the field names that other key servers use. */
export async function answerStatistics({ store, now }: StatisticsPorts): Promise<HotResponse> {
  const { keys, hourly } = await store.statistics();
  return jsonAnswer({
    software: 'HotSwap keyserver',
    now: new Date(now()).toISOString(),
    numkeys: keys,
    hourly: hourly.map(({ hourAt, added, changed }) => ({
      time: new Date(hourAt).toISOString(),
      inserted: added,
      updated: changed,
    })),
  });
}

/** Answers `/pks/health`: healthy means that the store answers. */
export async function answerHealth({ store }: StatisticsPorts): Promise<HotResponse> {
  const { keys } = await store.statistics();
  return jsonAnswer({ status: 'healthy', numkeys: keys });
}
