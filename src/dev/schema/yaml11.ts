import {parse} from 'yaml';
import type {Tags} from 'yaml';
import {IsthmusError} from '../../errors.ts';
import {isDeeperThan, MAX_DEPTH, parseBoundedJson} from './bounded-json.ts';

/** YAML 1.1 types that API servers do not read as such: dates stay text, and `1:30` is no number of base 60. */
const unwantedTags = new Set(['timestamp', 'intTime', 'floatTime', 'binary', 'omap', 'pairs', 'set']);

/**
 * Parses an apply or YAML body as an API server does: YAML 1.1 booleans, so that unquoted `y`, `yes`, `on`, `no`, `off` are true and false,
 * and the schema refuses them where text was meant. JSON is read too. Of two equal keys the last wins.
 *
 * @throws IsthmusError ISTHMUS_DEV_CLUSTER where the text is no YAML, or more than one document, or nests too deep
 */
export function parseYaml11(text: string): unknown {
  if (/^\s*[{[]/u.test(text)) {
    const json = tryJson(text);
    if (json !== undefined) return json;
  }
  try {
    if (isHopeless(text)) throw new RangeError();
    const value: unknown = parse(text, {
      version: '1.1',
      uniqueKeys: false,
      maxAliasCount: 100,
      logLevel: 'error',
      customTags: (tags): Tags => tags.filter((tag) => !unwantedTags.has(tagName(tag))),
    });
    if (isDeeperThan(MAX_DEPTH, value)) throw new RangeError();
    return value;
  } catch (error) {
    throw new IsthmusError('ISTHMUS_DEV_CLUSTER', whyNoYaml(error as Error), {}, {cause: error});
  }
}

/** The parser needs seconds to run out of stack over a million of them. */
const hopeless = 10_000;

function isHopeless(text: string): boolean {
  return openBrackets(text) > hopeless || text.includes('- '.repeat(hopeless));
}

/** At the deepest place. */
function openBrackets(text: string): number {
  let open = 0;
  let most = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '[' || char === '{') most = Math.max(most, ++open);
    else if (char === ']' || char === '}') open--;
  }
  return most;
}

/** In the form of the YAML library of API servers, with the words of ours. */
function whyNoYaml(error: Error): string {
  // The parser runs out of stack before there is a value to measure, and sometimes reports that as an error of the text.
  if (error instanceof RangeError || error.message.includes('call stack'))
    return `yaml: exceeded max depth of ${MAX_DEPTH}`;
  const line = /at line (?<line>\d+)/u.exec(error.message)?.groups?.['line'] ?? '1';
  const what = error.message
    .split('\n', 1)
    .join('')
    .replace(/ at line .*$/u, '');
  return `yaml: line ${line}: ${what}`;
}

/** Tabs between JSON tokens are no YAML; most bodies are JSON anyway. */
function tryJson(text: string): unknown {
  try {
    return parseBoundedJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function tagName(tag: unknown): string {
  if (typeof tag === 'string') return tag;
  const {tag: name = '', format = ''} = tag as {tag?: string; format?: string};
  const short = name.replace('tag:yaml.org,2002:', '');
  return format === 'TIME' ? `${short}Time` : short;
}
