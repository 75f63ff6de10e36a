import type {ExportFault} from '../member-export.ts';

/** Readers of values that came from another cluster's API server: any field may hold anything, of any size (design §10). */

export type UntrustedObject = Readonly<Record<string, unknown>>;

/** Undefined for whatever is not a JSON object. */
export function asObject(value: unknown): UntrustedObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as UntrustedObject) : undefined;
}

/** Its own field only: a name such as `constructor` is no field of an empty object. */
export function fieldOf(value: unknown, ...path: readonly string[]): unknown {
  let at: unknown = value;
  for (const name of path) {
    const object = asObject(at);
    at = object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
  }
  return at ?? undefined;
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function isPortNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;
}

const MAX_SHOWN = 60;

/** A remote value as it may stand in a message: short, quoted, without control characters. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  const plain = text.replaceAll(/\p{Cc}/gu, ' ');
  return plain.length <= MAX_SHOWN ? plain : `${plain.slice(0, MAX_SHOWN)}…`;
}

/** Most faults that are kept of one object: a hostile one could have millions. */
export const MAX_FAULTS = 20;

/** Collects faults up to a bound, and the first one that refuses the whole. */
export class FaultList {
  readonly #faults: ExportFault[] = [];
  #refusal: ExportFault | undefined;

  get refusal(): ExportFault | undefined {
    return this.#refusal;
  }

  refuse(fault: ExportFault): void {
    this.#refusal ??= fault;
  }

  add(field: string, reason: string, message: string): void {
    if (this.#faults.length < MAX_FAULTS) this.#faults.push({field, reason, message});
  }

  get all(): readonly ExportFault[] {
    return this.#faults;
  }
}
