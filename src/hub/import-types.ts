import type {ImportType, ServiceImport} from '../api/kinds.ts';
import {isManagedByHub} from '../api/names.ts';
import type {Member} from './member.ts';
import {exportersOf} from './remembered-export.ts';

/**
 * The types that the imports of the clusterset have, as members hold them: what a flip is guarded by. One in a member that is cut off
 * doesn't count, as it may have been outdated for as long; nor does one that is being deleted.
 */
export class ImportTypes {
  readonly #members: ReadonlyMap<string, Member>;
  readonly #isUnknown: (cluster: string, key: string) => boolean;

  /** @param isUnknown - whether a cluster can't be asked what it exports under this name */
  constructor(members: ReadonlyMap<string, Member>, isUnknown: (cluster: string, key: string) => boolean) {
    this.#members = members;
    this.#isUnknown = isUnknown;
  }

  /**
   * Of the import in one member; undefined: it has none, or isn't known.
   *
   * @param hasEnded - the export ended since: the import counts only for an exporter that can't be asked, which it remembers
   */
  in(member: string, key: string, hasEnded: boolean): ImportType | undefined {
    const {api, session} = this.#members.get(member) ?? {};
    if (api?.state === 'Unreachable') return undefined;
    const object = session?.watches.imports.store.get(key);
    const type = typeOf(object);
    if (object === undefined || type === undefined || !hasEnded) return type;
    return exportersOf(object).some((cluster) => this.#isUnknown(cluster, key)) ? type : undefined;
  }

  /**
   * Of most members, so that one that somebody edited, or that was away during a flip, decides nothing. Undefined too where as many
   * say the one as the other: then the exports decide.
   */
  ofMost(key: string, hasEnded: boolean): ImportType | undefined {
    let balance = 0;
    for (const id of this.#members.keys()) balance += weightOf(this.in(id, key, hasEnded));
    return byWeight(balance);
  }
}

/** As {@link ImportTypes.ofMost}, of imports that were read once. */
export function typeOfMost(imports: readonly ServiceImport[]): ImportType | undefined {
  return byWeight(imports.reduce((sum, each) => sum + weightOf(typeOf(each)), 0));
}

function weightOf(type: ImportType | undefined): number {
  if (type === undefined) return 0;
  return type === 'Headless' ? 1 : -1;
}

function byWeight(sum: number): ImportType | undefined {
  if (sum === 0) return undefined;
  return sum > 0 ? 'Headless' : 'ClusterSetIP';
}

function typeOf(object: ServiceImport | undefined): ImportType | undefined {
  const isGoing = object?.metadata.deletionTimestamp !== undefined;
  return isManagedByHub(object) && !isGoing ? object?.spec?.type : undefined;
}
