/** What to bundle. Both paths are real paths. */
export interface BuildRequest {
  readonly plugin: string;
  /** The folder the plugin's own files are confined to. */
  readonly root: string;
  readonly entry: string;
}

/** One ES module with everything inlined but built-ins and the SDK. */
export interface Bundle {
  readonly code: string;
  /** Source map (JSON); its sources are relative to the entry's folder. */
  readonly map: string;
  /** Every file that went in, absolute. */
  readonly inputs: readonly string[];
  readonly warnings: readonly string[];
}
