import {ArrayList, Opaque, OptionalValue} from '../values.ts';
import type {Library, Overload} from '../signature.ts';
import type {CelType} from '../types.ts';
import type {FormatRule} from './name-formats.ts';
import {NAME_FORMATS} from './name-formats.ts';
import type {Result} from '../values.ts';
import {isUrl} from './url.ts';
import {opaqueType} from '../types.ts';
import {overload} from '../signature.ts';

const TYPE = opaqueType('kubernetes.NamedFormat') as Extract<CelType, {kind: 'opaque'}>;

class NamedFormat extends Opaque {
  readonly type = TYPE;
  readonly name: string;
  readonly rule: FormatRule;

  constructor(name: string, rule: FormatRule) {
    super();
    this.name = name;
    this.rule = rule;
  }

  equals(other: Opaque): boolean {
    return other instanceof NamedFormat && other.name === this.name;
  }
}

const FORMATS: ReadonlyMap<string, NamedFormat> = new Map([
  ...[...NAME_FORMATS].map(([key, {name, rule}]) => [key, new NamedFormat(name, rule)] as const),
  [
    'uri',
    new NamedFormat('URI', (text) => (isUrl(text) ? [] : [`parse ${JSON.stringify(text)}: invalid URI for request`])),
  ] as const,
]);

function named(name: string): Result {
  const format = FORMATS.get(name);
  return format === undefined ? OptionalValue.none : new OptionalValue(format);
}

function validate({rule}: NamedFormat, text: string): Result {
  const complaints = rule(text);
  return complaints.length === 0 ? OptionalValue.none : new OptionalValue(new ArrayList(complaints));
}

/** Kubernetes' format library: `format.dns1123Label().validate(x)` is none, or the complaints. */
export const FORMAT: Library = new Map<string, readonly Overload[]>([
  ['format.named', [overload<[string]>('(string): optional<kubernetes.NamedFormat>', ([name]) => named(name))]],
  [
    'validate',
    [
      overload<[NamedFormat, string]>(
        'kubernetes.NamedFormat.(string): optional<list<string>>',
        ([format, text]) => validate(format, text),
        ([, text]) => 15 * (1 + text.length * 0.1),
      ),
    ],
  ],
  ...[...FORMATS].map(([key, format]): [string, readonly Overload[]] => [
    `format.${key}`,
    [overload<[]>('(): kubernetes.NamedFormat', () => format)],
  ]),
]);
