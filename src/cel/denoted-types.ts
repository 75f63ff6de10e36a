import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listType,
  mapType,
  NULL,
  opaqueType,
  optionalType,
  STRING,
  TIMESTAMP,
  TYPE,
  UINT,
} from './types.ts';
import type {CelType} from './types.ts';

/** The basic types by the name their values have at run time. */
export const PRIMITIVES: ReadonlyMap<string, CelType> = new Map(
  [BOOL, INT, UINT, DOUBLE, STRING, BYTES, NULL, TIMESTAMP, DURATION].map((type) => [
    type.kind === 'primitive' ? type.name : '',
    type,
  ]),
);

const NAMED: readonly (readonly [string, CelType])[] = [
  ...PRIMITIVES,
  ['list', listType(DYN)],
  ['map', mapType(DYN, DYN)],
  ['type', TYPE],
  ['optional_type', optionalType(DYN)],
  ...['net.IP', 'net.CIDR', 'kubernetes.Quantity', 'kubernetes.URL', 'kubernetes.Semver', 'kubernetes.NamedFormat'].map(
    (name) => [name, opaqueType(name)] as const,
  ),
];

/** Names that denote a type in an expression: `type(x) == int`. */
export const DENOTED_TYPES: ReadonlyMap<string, CelType> = new Map(
  NAMED.map(([name, of]) => [name, {kind: 'type', of}]),
);
