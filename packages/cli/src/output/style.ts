import { styleText } from 'node:util';

/** Marks up text for one stream; plain text where the stream is no terminal or `NO_COLOR` is set. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  caution(text: string): string;
  accent(text: string): string;
}

/** The style that suits `stream`; `styleText` itself looks at the terminal, `NO_COLOR` and `FORCE_COLOR`. */
export function createStyle(stream: NodeJS.WritableStream): Style {
  const mark = (format: Parameters<typeof styleText>[0]) => (text: string) => styleText(format, text, { stream });
  return {
    bold: mark('bold'),
    dim: mark('dim'),
    good: mark('green'),
    bad: mark('red'),
    caution: mark('yellow'),
    accent: mark('cyan'),
  };
}

/** Text as it is. */
export const plainStyle: Style = {
  bold: (text) => text,
  dim: (text) => text,
  good: (text) => text,
  bad: (text) => text,
  caution: (text) => text,
  accent: (text) => text,
};
