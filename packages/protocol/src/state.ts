/** A plugin's state as its guest hands it over: opaque to the host, which never decodes it. */
export interface ExportedState {
  /** The version of the plugin's own schema that `bytes` follow. */
  readonly schemaVersion: number;
  readonly bytes: Uint8Array;
}
