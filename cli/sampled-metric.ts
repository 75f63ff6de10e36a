import {Counter, Gauge} from 'prom-client';
import type {Registry} from 'prom-client';

/** Values of the labels, in the order of their names, and the number. */
export type Sample = readonly [readonly string[], number];

/** Metrics whose values are read when they are asked for, instead of being counted along. */
export class Sampled {
  readonly #registry: Registry;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  gauge(name: string, help: string, labelNames: readonly string[], read: () => readonly Sample[]): void {
    const metric: Gauge = new Gauge({
      ...{name, help, labelNames, registers: [this.#registry]},
      collect: () => {
        metric.reset();
        for (const [values, value] of read()) metric.set(toLabels(labelNames, values), value);
      },
    });
  }

  /** The numbers only rise at their source; a reset and one increase is how prom-client takes them over. */
  counter(name: string, help: string, labelNames: readonly string[], read: () => readonly Sample[]): void {
    const metric: Counter = new Counter({
      ...{name, help, labelNames, registers: [this.#registry]},
      collect: () => {
        metric.reset();
        for (const [values, value] of read()) metric.inc(toLabels(labelNames, values), value);
      },
    });
  }
}

function toLabels(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}
