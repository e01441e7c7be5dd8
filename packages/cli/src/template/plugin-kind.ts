/** What a template of one kind of plugin is made of. Texts are whole files, ready to be edited by their new owner. */
export interface PluginKind {
  readonly summary: string;
  /** JSON Schema of the config, for the manifest. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly capabilities?: Readonly<Record<string, unknown>>;
  /** `src/index.ts`. */
  source(name: string): string;
  /** `src/index.test.ts`. */
  test(name: string): string;
}
