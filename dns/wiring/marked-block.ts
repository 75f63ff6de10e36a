const BEGIN = '# isthmus-dns begin';
const END = '# isthmus-dns end';
const BEGIN_LINE = `${BEGIN}: written by "isthmus dns wire", removed by "isthmus dns wire --undo"`;
const NOT_CLOSED = `the line "${BEGIN}" has no line "${END}" behind it: restore or remove both, with what is between them`;

export type Marked =
  | {readonly kind: 'none'}
  /** Of whole lines; `indent` is that of the first. */
  | {readonly kind: 'found'; readonly start: number; readonly end: number; readonly indent: string}
  | {readonly kind: 'broken'; readonly because: string};

/** Our lines in a text that is somebody else's and knows comments with `#` (a Corefile, YAML). */
export function findMarked(text: string): Marked {
  const begin = /^(?<indent>[ \t]*)# isthmus-dns begin\b.*(?:\n|$)/m.exec(text);
  if (begin === null) return {kind: 'none'};
  const after = begin.index + begin[0].length;
  const end = /^[ \t]*# isthmus-dns end[ \t\r]*(?:\n|$)/m.exec(text.slice(after));
  if (end === null) return {kind: 'broken', because: NOT_CLOSED};
  const {indent = ''} = begin.groups ?? {};
  return {kind: 'found', start: begin.index, end: after + end.index + end[0].length, indent};
}

/** The text without our lines, otherwise to the octet. A text whose marks are broken stays as it is. */
export function withoutMarked(text: string): string {
  const marked = findMarked(text);
  return marked.kind === 'found' ? text.slice(0, marked.start) + text.slice(marked.end) : text;
}

/** The text with empty lines for ours: what is said about a line of it is right for the whole text too. */
export function blankedMarked(text: string): string {
  const marked = findMarked(text);
  if (marked.kind !== 'found') return text;
  const blank = text.slice(marked.start, marked.end).replaceAll(/[^\n]/g, '');
  return text.slice(0, marked.start) + blank + text.slice(marked.end);
}

/**
 * The text with these lines of ours: where they stand already, else as whole lines at `offset`.
 *
 * @param offset - of the beginning of a line in the text without our lines
 */
export function withMarked(text: string, body: string, offset: number): string {
  const marked = findMarked(text);
  if (marked.kind === 'found') {
    return text.slice(0, marked.start) + markedLines(body, marked.indent) + text.slice(marked.end);
  }
  return text.slice(0, offset) + markedLines(body, indentAt(text, offset)) + text.slice(offset);
}

/** Our lines by themselves. */
export function markedLines(body: string, indent = ''): string {
  const lines = [BEGIN_LINE, ...body.split('\n'), END];
  return lines.map((line) => `${line === '' ? '' : indent}${line}\n`).join('');
}

function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(offset))?.[0] ?? '';
}
