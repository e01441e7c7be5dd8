import type { Check, CheckLevel, Diagnosis } from '@hotswap/runtime';
import type { ConfigFileOptions } from '../config/server-config.ts';

/** The flags of `hotswap doctor`. */
export interface DoctorOptions extends ConfigFileOptions {
  readonly leaks?: boolean;
}

/** What `hotswap doctor --json` prints. */
export interface DoctorResult extends Diagnosis {
  /** Whom it is about: a server that answers, or this command's own process. */
  readonly server: { readonly url: string; readonly answers: boolean };
  readonly summary: Readonly<Record<CheckLevel, number>>;
}

export function summarise(checks: readonly Check[]): DoctorResult['summary'] {
  const count = (level: CheckLevel): number => checks.filter((check) => check.level === level).length;
  return { ok: count('ok'), warning: count('warning'), problem: count('problem') };
}
