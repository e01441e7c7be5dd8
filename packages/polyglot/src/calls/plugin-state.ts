import { type ExportedState, isCodedError } from '@hotswap/protocol';
import { isUnimplemented, type PluginClient } from './plugin-client.ts';
import type { StateChunk } from '../wire/messages.ts';
import { services } from '../wire/services.ts';
import { fail } from '../errors.ts';

const largestPart = 1_048_576;
/** A state of more bytes than this is none. */
const largestState = 1_073_741_824;

/**
 * Asks a plugin for its state, in the schema of `version` or its own.
 *
 * @throws GRPC_CALL_FAILED, GRPC_MESSAGE_INVALID
 */
export async function exportState(
  client: PluginClient,
  plugin: string,
  version: number | undefined,
): Promise<ExportedState> {
  const { ExportState } = services().plugin;
  const parts: Uint8Array[] = [];
  let schemaVersion = 0;
  let size = 0;
  try {
    for await (const part of client.parts(ExportState, { schemaVersion: version ?? 0 })) {
      const { schemaVersion: said = 0, data } = part as StateChunk;
      if (parts.length === 0) schemaVersion = said;
      size += data.length;
      if (size > largestState) throw fail('GRPC_MESSAGE_INVALID', { plugin, problem: 'a state that is too large' });
      parts.push(data);
    }
  } catch (error) {
    throw isCodedError(error) ? error : await client.explain(ExportState.path, error);
  }
  if (schemaVersion < 1) throw fail('GRPC_MESSAGE_INVALID', { plugin, problem: 'a state without a schema version' });
  return { schemaVersion, bytes: Buffer.concat(parts) };
}

/** Hands a plugin a state, or has it try whether it could take that. Resolves with whether it can be taken back. */
export async function importState(client: PluginClient, state: ExportedState, rehearse: boolean): Promise<boolean> {
  const { call, answer } = client.upload<StateChunk, { readonly returns: boolean }>(services().plugin.ImportState);
  const { schemaVersion, bytes } = state;
  // An answer before the end, a refusal mostly, ends the sending.
  let isAnswered = false;
  const over = answer.then(
    () => void (isAnswered = true),
    () => void (isAnswered = true),
  );
  for (let at = 0; at === 0 || at < bytes.length; at += largestPart) {
    if (isAnswered) break;
    const data = bytes.subarray(at, at + largestPart);
    const hasRoom = call.write(at === 0 ? { schemaVersion, data, rehearse } : { data });
    if (!hasRoom) await Promise.race([over, new Promise<void>((resolve) => call.once('drain', () => resolve()))]);
  }
  call.end();
  const { returns } = await answer;
  return returns;
}

/** Asks where a plugin need not answer: undefined when it has no such method. */
export async function unlessUnimplemented<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isUnimplemented(error)) return undefined;
    throw error;
  }
}
