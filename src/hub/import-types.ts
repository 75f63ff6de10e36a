import type {ImportType, ServiceImport} from '../api/kinds.ts';
import {isManagedByHub} from '../api/names.ts';
import type {Member} from './member.ts';

/** The types that the imports of the clusterset have, as members hold them: what a flip is guarded by. */
export class ImportTypes {
  readonly #members: ReadonlyMap<string, Member>;

  constructor(members: ReadonlyMap<string, Member>) {
    this.#members = members;
  }

  /** Of the import in one member; undefined: it has none, or isn't known. */
  in(member: string, key: string): ImportType | undefined {
    return typeOf(this.#members.get(member)?.session?.watches.imports.store.get(key));
  }

  /**
   * Of most members, so that one that somebody edited, or that was away during a flip, decides nothing. Undefined too where as many
   * say the one as the other: then the exports decide.
   */
  ofMost(key: string): ImportType | undefined {
    let headless = 0;
    let withAddress = 0;
    for (const id of this.#members.keys()) {
      const type = this.in(id, key);
      if (type === 'Headless') headless++;
      if (type === 'ClusterSetIP') withAddress++;
    }
    if (headless === withAddress) return undefined;
    return headless > withAddress ? 'Headless' : 'ClusterSetIP';
  }
}

function typeOf(object: ServiceImport | undefined): ImportType | undefined {
  return isManagedByHub(object) ? object?.spec?.type : undefined;
}
