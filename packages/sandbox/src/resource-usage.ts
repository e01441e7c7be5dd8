/** What a confined process, and all that it started, uses. Undefined: it cannot be told here. */
export interface ResourceUsage {
  readonly memoryBytes: number | undefined;
  /** Milliseconds on a core since it began. */
  readonly cpuMs: number | undefined;
  readonly processes: number | undefined;
  readonly openFiles: number | undefined;
  /** Bytes in its temp folder and work folder. */
  readonly diskBytes: number | undefined;
  /** Since it began. */
  readonly networkSentBytes: number | undefined;
  readonly networkReceivedBytes: number | undefined;
  readonly diskReadBytes: number | undefined;
  readonly diskWrittenBytes: number | undefined;
}

/** Where nothing can be told. */
export const unknownUsage: ResourceUsage = {
  memoryBytes: undefined,
  cpuMs: undefined,
  processes: undefined,
  openFiles: undefined,
  diskBytes: undefined,
  networkSentBytes: undefined,
  networkReceivedBytes: undefined,
  diskReadBytes: undefined,
  diskWrittenBytes: undefined,
};
