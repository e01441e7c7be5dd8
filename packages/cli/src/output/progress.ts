import type { OutputStream } from '../terminal.ts';

/** What goes on while a command waits. It is written beside the result, never into it. */
export interface Progress {
  /** Says what is happening now. The same text twice says it once. */
  show(text: string): void;
  /** Ends the line, so that a result or an error starts on its own. */
  clear(): void;
}

const eraseLine = '\r\u001b[2K';

/** One line that is rewritten on a terminal; plain lines in a pipe; nothing when silent. */
export function createProgress(stream: OutputStream, options: { readonly isSilent: boolean }): Progress {
  if (options.isSilent) return { show: () => {}, clear: () => {} };
  return stream.isTTY ? createLiveProgress(stream) : createPlainProgress(stream);
}

function createLiveProgress(stream: OutputStream): Progress {
  let isShown = false;
  return {
    show(text) {
      isShown = true;
      stream.write(`${eraseLine}${text.slice(0, (stream.columns ?? 80) - 1)}`);
    },
    clear() {
      if (isShown) stream.write(eraseLine);
      isShown = false;
    },
  };
}

function createPlainProgress(stream: OutputStream): Progress {
  let last = '';
  return {
    show(text) {
      if (text !== last) stream.write(`${text}\n`);
      last = text;
    },
    clear() {
      last = '';
    },
  };
}
