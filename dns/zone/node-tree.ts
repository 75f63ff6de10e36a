import type {Address} from '../wire/address.ts';
import {nameToText, prepend, prependAll} from '../wire/name.ts';
import type {WireName} from '../wire/name.ts';
import type {AddressSpread} from './address-spread.ts';

/** One name of the zone. With no record at all it is an empty non-terminal: it exists, so every question is NODATA (RFC 8020). */
export interface ZoneNode {
  /** A and AAAA, by text, in the order in which they are answered. Undefined, as below: none, for most names have none. */
  addresses: Map<string, Address> | undefined;
  /** How the addresses take turns, where they have unequal parts. */
  spread: AddressSpread | undefined;
  /** SRV, by target and port: the specification has no two of one pair. */
  services: Map<string, ServiceTarget> | undefined;
  /** Records of other types. */
  other: readonly OtherRecord[] | undefined;
}

export interface OtherRecord {
  readonly type: number;
  readonly ttlSeconds: number;
  readonly rdata: Uint8Array;
  /** Addresses of the name that the rdata begins with, for the additional section. */
  readonly glue?: readonly Address[];
}

export interface ServiceTarget {
  readonly target: WireName;
  readonly port: number;
}

export interface SkippedName {
  readonly name: string;
  readonly reason: string;
}

export function emptyNode(): ZoneNode {
  return {addresses: undefined, spread: undefined, services: undefined, other: undefined};
}

export function addAddress(node: ZoneNode, address: Address): void {
  node.addresses ??= new Map();
  node.addresses.set(address.text, address);
}

export function addService(node: ZoneNode, target: WireName, port: number): void {
  node.services ??= new Map();
  node.services.set(`${port} ${target}`, {target, port});
}

/** The names at and below one base, each with every name between it and the base. Nothing exists before it is asked for. */
export class NodeTree {
  readonly base: WireName;
  readonly nodes = new Map<WireName, ZoneNode>();
  readonly skipped: SkippedName[] = [];

  constructor(base: WireName) {
    this.base = base;
  }

  /** The node of `labels` below the base, made if need be. Undefined: the name does not fit DNS and was noted as skipped. */
  node(labels: readonly string[]): ZoneNode | undefined {
    const name = this.nameOf(labels);
    if (name === undefined) {
      this.skip(labels, 'a label is over 63 octets, the name over 255, or not ASCII');
      return undefined;
    }
    let node = this.nodes.get(name);
    if (node) return node;
    this.#addAncestors(labels);
    node = emptyNode();
    this.nodes.set(name, node);
    return node;
  }

  skip(labels: readonly string[], reason: string): void {
    this.skipped.push({name: [...labels, nameToText(this.base)].join('.'), reason});
  }

  nameOf(labels: readonly string[]): WireName | undefined {
    return prependAll(labels, this.base);
  }

  #addAncestors(labels: readonly string[]): void {
    let name: WireName = this.base;
    for (let i = labels.length; i > 0; i--) {
      if (!this.nodes.has(name)) this.nodes.set(name, emptyNode());
      name = prepend(labels[i - 1]!, name) ?? name;
    }
  }
}
