import { defineErrors } from '@hotswap/protocol';

/** Every error that the command line itself raises; those of the server arrive with their own codes. */
export const cliErrors = {
  ARGUMENT_MISSING: { kind: 'invalid', message: '{command} needs {argument}: give it as "{usage}"' },
  ARGUMENT_TWICE: {
    kind: 'invalid',
    message: '{argument} is given twice, as "{first}" and as "{second}": give it once',
  },
  USAGE_INVALID: { kind: 'invalid', message: '{problem}: see "{help}"' },
  URL_INVALID: { kind: 'invalid', message: '"{url}" is no server address: write it like http://127.0.0.1:8080' },
  SERVER_UNREACHABLE: {
    kind: 'unavailable',
    message: 'no server answers at {url}: start one with "hotswap run DIR", or name another with --url or HOTSWAP_URL',
  },
  SERVER_TIMED_OUT: {
    kind: 'timeout',
    message: '{url} did not answer within {seconds} s: look at its log, or wait longer with --timeout',
  },
  ANSWER_UNREADABLE: {
    kind: 'unavailable',
    message: '{url} answered {status} with something that is not JSON: check that --url names a HotSwap server',
  },
  MANAGEMENT_REFUSED: { kind: 'internal', message: 'the server answered {status} without a reason: look at its log' },
  CONFIRMATION_NEEDED: {
    kind: 'conflict',
    message: 'unloading {plugin} also unloads {dependents}: look at the plan above, then add --yes',
  },
  SCRIPT_UNREADABLE: { kind: 'invalid', message: 'the script {file} cannot be read: name a file of JavaScript' },
  CONFIG_FILE_UNREADABLE: { kind: 'invalid', message: 'the config file {path} cannot be read: {problem}' },
  CONFIG_FILE_UNWRITABLE: { kind: 'unavailable', message: 'the config file {path} cannot be written: {problem}' },
  CONFIG_FILE_NOT_TOML: {
    kind: 'invalid',
    message: 'what is written is TOML, so {path} needs a name that ends in .toml',
  },
  FILE_UNREADABLE: { kind: 'invalid', message: '{path} cannot be read: {problem}' },
  FILE_EXISTS: { kind: 'conflict', message: '{path} exists, and nothing is written over it: choose another name' },
  PLUGIN_NAME_INVALID: {
    kind: 'invalid',
    message:
      '"{name}" is no plugin name: use lower-case letters, digits and dashes, at most 64, and none of {reserved}',
  },
  PLUGIN_KIND_UNKNOWN: {
    kind: 'invalid',
    message: 'there is no template for the type "{kind}": choose one of {kinds}',
  },
  TEMPLATE_TARGET_EXISTS: {
    kind: 'conflict',
    message: '{path} exists and is not empty, nothing was written: choose another folder with --dir',
  },
} as const;

/** Makes the command line's own errors. */
export const fail = defineErrors(cliErrors);
