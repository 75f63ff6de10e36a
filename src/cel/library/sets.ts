import {contains} from '../equality.ts';
import {Fault} from '../values.ts';
import type {Library, Overload} from '../signature.ts';
import type {Meter} from '../meter.ts';
import type {CelList, Result} from '../values.ts';
import {overload} from '../signature.ts';

/** Whether every item of `part` is in `list`. */
function includesAll(list: CelList, part: CelList, meter: Meter): boolean | Fault {
  for (let index = 0; index < part.size; index += 1) {
    const item = part.at(index);
    const found = item instanceof Fault ? item : contains(list, item, meter);
    if (found !== true) return found;
  }
  return true;
}

function intersects(a: CelList, b: CelList, meter: Meter): boolean | Fault {
  for (let index = 0; index < a.size; index += 1) {
    const item = a.at(index);
    const found = item instanceof Fault ? item : contains(b, item, meter);
    if (found !== false) return found;
  }
  return false;
}

function equivalent(a: CelList, b: CelList, meter: Meter): Result {
  const one = includesAll(a, b, meter);
  return one === true ? includesAll(b, a, meter) : one;
}

const PAIR = '(list<A>, list<A>): bool';

function crossed([a, b]: readonly [CelList, CelList]): number {
  return 1 + a.size * b.size;
}

/** cel-go's sets extension: lists read as sets. */
export const SETS: Library = new Map<string, readonly Overload[]>([
  [
    'sets.contains',
    [overload<[CelList, CelList]>(PAIR, ([list, part], meter) => includesAll(list, part, meter), crossed)],
  ],
  ['sets.equivalent', [overload<[CelList, CelList]>(PAIR, ([a, b], meter) => equivalent(a, b, meter), crossed)]],
  ['sets.intersects', [overload<[CelList, CelList]>(PAIR, ([a, b], meter) => intersects(a, b, meter), crossed)]],
]);
