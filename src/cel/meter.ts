import {Fault} from './values.ts';
import {MAX_ALLOCATION} from './limits.ts';

/** cel-go's text for a spent budget. */
const EXCEEDED = new Fault('operation cancelled: actual cost limit exceeded', true);

const OUT_OF_MEMORY = new Fault('operation cancelled: memory limit exceeded', true);

/**
 * The budget of one evaluation, in kube-apiserver's cost units. Whatever takes time or memory is charged before it is done, so the work
 * of an evaluation is bounded by its limit. Once spent it stays spent.
 */
export class Meter {
  readonly #limit: number;
  #cost = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  #allocated = 0;

  get cost(): number {
    return this.#cost;
  }

  get exceeded(): boolean {
    return this.#cost > this.#limit;
  }

  /**
   * Counts bytes an expression makes, kept or not. Apart from the cost: a list of references is cheap to make and large to keep, and
   * the limit of a cost is the caller's.
   */
  allocate(bytes: number): Fault | undefined {
    this.#allocated += bytes;
    return this.#allocated > MAX_ALLOCATION ? OUT_OF_MEMORY : undefined;
  }

  /** Undefined while there is budget; the fault that ends the evaluation otherwise. */
  charge(cost: number): Fault | undefined {
    this.#cost += cost;
    return this.#cost > this.#limit ? EXCEEDED : undefined;
  }
}

/** Cost of walking a string once: a tenth of a unit for a character. */
export function traversal(size: number): number {
  return Math.ceil(size * 0.1);
}
