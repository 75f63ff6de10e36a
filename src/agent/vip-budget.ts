import {HUB_MANAGED_BY, MANAGED_BY_LABEL, isProtectedNamespace} from '../api/names.ts';
import type {ServiceImport} from '../api/kinds.ts';
import type {AddressRefused} from './import-status.ts';

export interface VipBudgetInput {
  readonly maxVips: number;
  /** Derived Services that exist, whatever import they stand for. */
  readonly used: number;
  readonly ownNamespace: string;
}

/**
 * May this import have an address? A full service range would stop users from creating their own Services (design §9),
 * so there is a budget; nothing is ever served for a protected namespace, whoever wrote the import (design §10); and
 * standard imports are the hub's alone (KEP-1645: created and deleted solely by the controller).
 */
export function refuseVip(object: ServiceImport, input: VipBudgetInput): AddressRefused | undefined {
  const {namespace = '', labels = {}} = object.metadata;
  if (labels[MANAGED_BY_LABEL] !== HUB_MANAGED_BY) {
    return {reason: 'NotImported', message: 'no hub of Isthmus wrote this import: nobody exports it'};
  }
  if (isProtectedNamespace(namespace, input.ownNamespace)) {
    return {reason: 'ProtectedNamespace', message: `namespace ${namespace} is protected: nothing is imported into it`};
  }
  if (input.used >= input.maxVips) {
    const message = `${input.used} of ${input.maxVips} gateway VIPs are in use; raise --max-vips, or import fewer services`;
    return {reason: 'VIPBudgetExhausted', message};
  }
  return undefined;
}
