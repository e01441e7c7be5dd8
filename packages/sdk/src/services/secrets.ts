/** Secrets by name; only those that the manifest's `capabilities.secrets` lists. */
export interface Secrets {
  /**
   * @throws CAPABILITY_MISSING when the manifest does not list `name`
   * @throws SECRET_UNKNOWN when the operator has not set it
   */
  get(name: string): Promise<string>;
}
