import type {JsonObject} from '../schema/json.ts';
import {objectIn, objectsIn, textIn} from '../builtin/read-json.ts';

const FIRST = 1;
const LAST = 0xff_fe;

/** The pod network of one embedded cluster: 10.(200+index).0.0/16 and fd00:0:1:index::/112, two addresses with one number for each pod. */
export class PodAddresses {
  readonly #index: number;
  readonly #used = new Set<number>();
  #next = FIRST;

  constructor(index: number) {
    this.#index = index;
  }

  /** Where the node is: not in the pod network, reached by nobody. */
  get nodeAddress(): string {
    return `172.30.${this.#index}.1`;
  }

  /** The same address is not given out again until all others were: who still holds on to an old one must not reach a new pod. */
  take(): readonly [ipv4: string, ipv6: string] | undefined {
    for (let tries = 0; tries <= LAST; tries++) {
      const number = this.#next;
      this.#next = number === LAST ? FIRST : number + 1;
      if (this.#used.has(number)) continue;
      this.#used.add(number);
      return [`10.${200 + this.#index}.${number >> 8}.${number & 0xff}`, this.#ipv6(number)];
    }
    return undefined;
  }

  hold(pod: JsonObject): void {
    const number = this.#numberOf(pod);
    if (number !== undefined) this.#used.add(number);
  }

  release(pod: JsonObject): void {
    const number = this.#numberOf(pod);
    if (number !== undefined) this.#used.delete(number);
  }

  #ipv6(number: number): string {
    return `fd00:0:1:${this.#index.toString(16)}::${number.toString(16)}`;
  }

  #numberOf(pod: JsonObject): number | undefined {
    const ips = objectsIn(objectIn(pod, 'status'), 'podIPs').map((one) => textIn(one, 'ip'));
    const prefix = `10.${200 + this.#index}.`;
    const [high, low] =
      ips
        .find((ip) => ip.startsWith(prefix))
        ?.slice(prefix.length)
        .split('.')
        .map(Number) ?? [];
    return high === undefined || low === undefined ? undefined : high * 256 + low;
  }
}
