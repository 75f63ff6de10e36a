import type {Strategy} from '../builtin/strategy.ts';
import type {Schema} from '../schema/schema.ts';

/** `additionalPrinterColumns` of a CRD version. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly description?: string;
  readonly format?: string;
  readonly priority?: number;
}

/** One served version of one kind. All versions of a kind share a `storageKey` and so their objects. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly hasStatus: boolean;
  readonly schema: Schema;
  /** From a CustomResourceDefinition. Custom kinds have the stricter rules of apiserver-errors.md §2.3. */
  readonly custom: boolean;
  /** `plural.group`, or the plural alone for the core group. */
  readonly storageKey: string;
  readonly strategy: Strategy;
  readonly printerColumns?: readonly PrinterColumn[];
  /** JSON paths (`.spec.mode`) that field selectors may name, beyond metadata.name and metadata.namespace. */
  readonly selectableFields?: readonly string[];
  /** The version that objects are kept in. */
  readonly storageVersion?: string;
  /** Shown as a `Warning` on every request to this version. */
  readonly deprecationWarning?: string;
  /** The type's CRD is being deleted: nothing new may be created. */
  readonly terminating?: boolean;
  /** What may be done with it, where that is not everything: the reviews are created and never stored. */
  readonly verbs?: readonly string[];
  /** Beside `status`, as discovery lists them. */
  readonly subresources?: readonly Subresource[];
}

/** A subresource whose body is of a kind of its own. */
export interface Subresource {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

export function apiVersionOfType(type: Pick<ResourceType, 'group' | 'version'>): string {
  return type.group === '' ? type.version : `${type.group}/${type.version}`;
}

export function storageKeyOf(group: string, plural: string): string {
  return group === '' ? plural : `${plural}.${group}`;
}
