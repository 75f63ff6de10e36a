import {serviceImports} from '../../../src/api/resources.ts';
import type {Sequence} from './sequence.ts';

const yes = true;
const no = false;

/** Sequences that broke something once, whatever the seeds of later runs are. */
export const FOUND: readonly (Sequence & {readonly name: string})[] = [
  {
    name: 'a list of imports that came back empty at a restart, while an exporter is away',
    chance: 385_577_526,
    start: [yes, yes, no, yes, no, yes, no, no, yes, yes, no, no, no, no, no, no, no, no],
    bulk: true,
    commands: [
      {do: 'empty', m: 'cluster-1', resource: serviceImports},
      {do: 'namespace', m: 'cluster-3', ns: 'a'},
      {do: 'restart'},
      {do: 'partition', m: 'cluster-2'},
      {do: 'unservice', m: 'cluster-1', key: 'b/bar'},
      {do: 'up'},
      {do: 'pass', ms: 100},
    ],
  },
];
