import {IsthmusError} from '../../errors.ts';
import {endOfString, parseBoundedJson} from './bounded-json.ts';

/**
 * Parses JSON and finds keys that stand twice in one object; the last one wins, as in every API server.
 *
 * @returns `duplicates`: the paths as a warning names them (`spec.ports[0].port`), each once, in the order of the text
 * @throws IsthmusError ISTHMUS_DEV_CLUSTER where the text is no JSON, or nests too deep
 */
export function parseJson(text: string): {value: unknown; duplicates: string[]} {
  let value: unknown;
  try {
    value = parseBoundedJson(text);
  } catch (error) {
    throw new IsthmusError('ISTHMUS_DEV_CLUSTER', (error as Error).message, {}, {cause: error});
  }
  return {value, duplicates: findDuplicates(text)};
}

interface Frame {
  readonly path: string;
  /** Keys seen so far; undefined for a list. */
  readonly keys: Set<string> | undefined;
  key: string;
  index: number;
}

/** The text is known to be JSON, so that only strings and brackets need to be told apart. No recursion: depth is the sender's choice. */
function findDuplicates(text: string): string[] {
  const duplicates = new Set<string>();
  const stack: Frame[] = [];
  let expectsKey = false;
  for (let i = 0; i < text.length; i++) {
    const top = stack.at(-1);
    switch (text.charAt(i)) {
      case '{':
      case '[':
        stack.push({path: pathOf(top), keys: text[i] === '{' ? new Set() : undefined, key: '', index: 0});
        expectsKey = text[i] === '{';
        break;
      case '}':
      case ']':
        stack.pop();
        expectsKey = false;
        break;
      case ',':
        if (top !== undefined) top.index++;
        expectsKey = top?.keys !== undefined;
        break;
      case '"': {
        const end = endOfString(text, i);
        if (expectsKey && top?.keys !== undefined) {
          top.key = JSON.parse(text.slice(i, end + 1)) as string;
          if (top.keys.has(top.key)) duplicates.add(pathOf(top));
          top.keys.add(top.key);
          expectsKey = false;
        }
        i = end;
        break;
      }
      default:
    }
  }
  return [...duplicates];
}

function pathOf(frame: Frame | undefined): string {
  if (frame === undefined) return '';
  if (frame.keys === undefined) return `${frame.path}[${frame.index}]`;
  return frame.path === '' ? frame.key : `${frame.path}.${frame.key}`;
}
