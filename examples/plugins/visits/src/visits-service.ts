import { defineService, method } from '@hotswap/sdk';

export interface PageCount {
  readonly page: string;
  readonly visits: number;
}

/** What this plugin offers to others. */
export const visitsService = defineService('visits', {
  /** The most visited pages first. */
  top: method<{ readonly limit: number }, readonly PageCount[]>(),
});
