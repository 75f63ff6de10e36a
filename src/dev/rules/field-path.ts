import type {Schema} from '../schema/schema.ts';

const STEP = /\.([^.[\]]+)|\['((?:[^'\\]|\\.)*)'\]/y;
const ESCAPES: Readonly<Record<string, string>> = {a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v'};

/**
 * The `fieldPath` of a rule (`.spec.ports['http']`) as errors print it: `spec.ports[http]`.
 *
 * @returns undefined for a path that is none or names a field that the schema does not have
 */
export function shownFieldPath(path: string, schema: Schema): string | undefined {
  let at: Schema = schema;
  let shown = '';
  let index = 0;
  while (index < path.length) {
    STEP.lastIndex = index;
    const match = STEP.exec(path);
    if (match === null) return undefined;
    index = STEP.lastIndex;
    const name = match[1] ?? unescaped(match[2] ?? '');
    if (name === undefined) return undefined;
    const {properties, additionalProperties} = at;
    const next = properties === undefined ? additionalProperties : Object.hasOwn(properties, name) && properties[name];
    if (typeof next !== 'object') return undefined;
    shown += properties === undefined ? `[${name}]` : `${shown === '' ? '' : '.'}${name}`;
    at = next;
  }
  return shown;
}

function unescaped(text: string): string | undefined {
  let isValid = true;
  const plain = text.replaceAll(/\\(.)/gs, (_, character: string) => {
    if (character === "'" || character === '\\') return character;
    const control = ESCAPES[character];
    isValid &&= control !== undefined;
    return control ?? '';
  });
  return isValid ? plain : undefined;
}
