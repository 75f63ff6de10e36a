import {sharedText} from '../kube/shared-text.ts';
import type {PolicyKind} from './policy-kinds.ts';

/** What one turn of a member's queue is about. */
export type SyncKind = 'import' | 'slices' | 'flomesh-import' | 'export' | 'remote-cluster' | 'property' | PolicyKind;

export interface SyncItem {
  readonly kind: SyncKind;
  /** `namespace/name`, or the name of a cluster-scoped object. */
  readonly key: string;
}

/** Queues know keys alone, so the kind is part of it. */
export function syncItemText(kind: SyncKind, key: string): string {
  return `${kind} ${key}`;
}

export function parseSyncItem(text: string): SyncItem {
  const space = text.indexOf(' ');
  // Keys are kept, and a part of a text would keep all of it.
  return {kind: text.slice(0, space) as SyncKind, key: sharedText(text.slice(space + 1))};
}
