import {parse} from 'yaml';
import type {Tags} from 'yaml';
import {IsthmusError} from '../../errors.ts';

/** YAML 1.1 types that API servers do not read as such: dates stay text, and `1:30` is no number of base 60. */
const unwantedTags = new Set(['timestamp', 'intTime', 'floatTime', 'binary', 'omap', 'pairs', 'set']);

/**
 * Parses an apply or YAML body as an API server does: YAML 1.1 booleans, so that unquoted `y`, `yes`, `on`, `no`, `off` are true and false,
 * and the schema refuses them where text was meant. JSON is read too. Of two equal keys the last wins.
 *
 * @throws IsthmusError ISTHMUS_DEV_CLUSTER where the text is no YAML, or more than one document
 */
export function parseYaml11(text: string): unknown {
  if (/^\s*[{[]/u.test(text)) {
    const json = tryJson(text);
    if (json !== undefined) return json;
  }
  try {
    return parse(text, {
      version: '1.1',
      uniqueKeys: false,
      maxAliasCount: 100,
      logLevel: 'error',
      customTags: (tags): Tags => tags.filter((tag) => !unwantedTags.has(tagName(tag))),
    }) as unknown;
  } catch (error) {
    const why = (error as Error).message.split('\n', 1).join('').replace(/:$/u, '');
    throw new IsthmusError('ISTHMUS_DEV_CLUSTER', `the body is not YAML: ${why}`, {}, {cause: error});
  }
}

/** Tabs between JSON tokens are no YAML; most bodies are JSON anyway. */
function tryJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
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
