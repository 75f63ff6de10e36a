import {Command, Option} from 'commander';

import {parseDuration} from './arguments.ts';
import type {DrainOptions} from './drain/run-drain.ts';
import type {OperatorFlags} from './operator-hub.ts';
import {hubContextOption, hubKubeconfigOption, withOperatorHub} from './operator-hub.ts';
import {developmentOption, namespaceOption} from './shared-options.ts';
import {processTerminal} from './terminal.ts';
import {untilStopped} from './until-stopped.ts';

interface DrainFlags extends OperatorFlags {
  readonly over: number;
  readonly force?: boolean;
  readonly wait: number;
}

/** `isthmus drain CLUSTER`: takes its traffic away, bit by bit where --over says so. */
export function drainCommand(): Command {
  return sharedOptions(new Command('drain'))
    .description('take a cluster out of every route, at once or bit by bit; exports and imports stay as they are')
    .option('--force', 'also where services would be left without a ready endpoint')
    .action(async (name: string, flags: DrainFlags) => {
      const {runDrain} = await import('./drain/run-drain.ts');
      await run(name, flags, runDrain);
    });
}

/** `isthmus undrain CLUSTER`: gives it back, from wherever a drain has come to. */
export function undrainCommand(): Command {
  return sharedOptions(new Command('undrain'))
    .description('give a drained cluster its traffic back; a drain under way turns round where it is')
    .action(async (name: string, flags: DrainFlags) => {
      const {runUndrain} = await import('./drain/run-drain.ts');
      await run(name, flags, runUndrain);
    });
}

function sharedOptions(command: Command): Command {
  return command
    .argument('<cluster>', 'the cluster id')
    .addOption(hubKubeconfigOption())
    .addOption(hubContextOption())
    .addOption(namespaceOption())
    .addOption(
      new Option('--over <duration>', 'spread over this time, in steps of 5 percent')
        .argParser(parseDuration)
        .default(0, 'at once'),
    )
    .addOption(
      new Option('--wait <duration>', 'how long to wait for the members after that')
        .argParser(parseDuration)
        .default(30_000, '30s'),
    )
    .addOption(developmentOption());
}

async function run(name: string, flags: DrainFlags, work: (options: DrainOptions) => Promise<void>): Promise<void> {
  const interrupt = new AbortController();
  void untilStopped().then(() => interrupt.abort());
  const {over: overMs, force = false, wait: graceMs} = flags;
  const terminal = processTerminal();
  const interrupted = interrupt.signal;
  await withOperatorHub(flags, async (hub) => work({name, hub, overMs, force, graceMs, terminal, interrupted}));
}
