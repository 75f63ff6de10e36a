/** One error of a source, with its place. */
export interface Problem {
  /** Offset into the source in UTF-16 units, or undefined for an error of the whole source. */
  readonly at: number | undefined;
  readonly message: string;
}

interface Place {
  readonly line: number;
  /** Code points before it on its line. */
  readonly column: number;
  readonly text: string;
}

function placeOf(source: string, at: number): Place {
  const before = source.slice(0, at);
  const lineStart = before.lastIndexOf('\n') + 1;
  const lineEnd = source.indexOf('\n', at);
  return {
    line: before.split('\n').length,
    column: Array.from(source.slice(lineStart, at)).length,
    text: source.slice(lineStart, lineEnd === -1 ? source.length : lineEnd),
  };
}

function isWide(character: string | undefined): boolean {
  return character !== undefined && (character.codePointAt(0) ?? 0) > 0x7f;
}

/** The text cel-go prints: place, message, the line, and a pointer in which wide characters take wide dots. */
function problemText(source: string, problem: Problem): string {
  if (problem.at === undefined) return `ERROR: <input>:-1:0: ${problem.message}`;
  const {line, column, text} = placeOf(source, problem.at);
  const characters = Array.from(text);
  const dots = characters.slice(0, column).map((each) => (isWide(each) ? '．' : '.'));
  const mark = isWide(characters[column]) ? '＾' : '^';
  return `ERROR: <input>:${line}:${column + 1}: ${problem.message}\n | ${text.replaceAll('\t', ' ')}\n | ${dots.join('')}${mark}`;
}

/** Where the text of many problems ends, in characters. */
const MAX_TEXT = 100_000;

/** All problems in the order of their places, one text, as a kube-apiserver quotes it after `compilation failed: `. */
export function problemsText(source: string, problems: readonly Problem[]): string {
  const texts: string[] = [];
  let size = 0;
  for (const problem of problems.toSorted((a, b) => (a.at ?? -1) - (b.at ?? -1))) {
    // Each quotes its line, and a line may be the whole source.
    if (size > MAX_TEXT) break;
    const text = problemText(source, problem);
    size += text.length;
    texts.push(text);
  }
  return texts.join('\n');
}
