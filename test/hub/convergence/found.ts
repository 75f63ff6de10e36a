import {endpointSlices, serviceExports, serviceImports} from '../../../src/api/resources.ts';
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
  {
    name: 'the oldest of two exported Services turns into a headless one',
    chance: 1,
    start: [yes, no, no, no, no, no, yes, no, no, no, no, no, no, no, no, no, no, no],
    bulk: false,
    commands: [{do: 'retype', m: 'cluster-1', key: 'a/foo', variant: 0}],
  },
  {
    name: 'the slices of a Service that begins to be exported come back empty by fault',
    chance: 2_024_817_946,
    start: [no, no, no, no, no, no, no, no, no, no, no, no, no, no, no, no, no, no],
    bulk: false,
    commands: [
      {do: 'service', m: 'cluster-3', key: 'b/bar', variant: 3},
      {do: 'empty', m: 'cluster-3', resource: endpointSlices},
      {do: 'export', m: 'cluster-3', key: 'b/bar', group: 'flomesh', variant: 1},
      {do: 'settle'},
    ],
  },
  {
    name: 'a late list of exports that comes back empty after somebody confirmed deletions',
    chance: 1_367_954_706,
    start: [no, no, no, no, no, no, no, no, no, no, no, no, no, no, no, no, no, no],
    bulk: true,
    commands: [
      {do: 'confirm', m: 'cluster-1'},
      {do: 'slow', m: 'cluster-1', resource: serviceExports},
      {do: 'empty', m: 'cluster-1', resource: serviceExports},
      {do: 'pass', ms: 1_000},
    ],
  },
  {
    name: 'many exports are deleted, and somebody confirms what is held back',
    chance: 1,
    start: [yes, no, no, no, no, no, no, no, no, no, no, no, no, no, no, no, no, no],
    bulk: true,
    commands: [{do: 'unexportBulk'}, {do: 'pass', ms: 1_000}, {do: 'confirm', m: 'cluster-1'}],
  },
  {
    name: 'a member leaves while it is cut off, and joins again',
    chance: 1,
    start: [yes, no, no, no, no, no, yes, no, no, no, no, no, no, no, no, no, no, no],
    bulk: false,
    commands: [
      {do: 'partition', m: 'cluster-1'},
      {do: 'leave', m: 'cluster-1'},
      {do: 'pass', ms: 6_000},
      {do: 'pass', ms: 6_000},
      {do: 'calm'},
      {do: 'join', m: 'cluster-1'},
    ],
  },
];
