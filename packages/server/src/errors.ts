import { defineErrors } from '@hotswap/protocol';

/** Makes every error that the server itself raises. */
export const fail = defineErrors({
  SOURCE_MISSING: {
    kind: 'not-found',
    message: 'there is no folder or file {source}: name one, or make a plugin with "hotswap plugin init NAME"',
  },
  TLS_FILES_UNUSABLE: {
    kind: 'invalid',
    message: 'the files of [server.tls] cannot be used ({problem}): check cert, key and ca, all in PEM',
  },
  CONFIG_FILE_MISSING: {
    kind: 'not-found',
    message:
      'the config file {file} cannot be read: name another (--config, HOTSWAP_CONFIG), or use "hotswap run DIR" without one',
  },
});
