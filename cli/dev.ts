import {Command, Option} from 'commander';

import {IsthmusError} from '../src/errors.ts';
import {parseDuration, parseWholeNumber} from './arguments.ts';
import type {LogLevel} from './logger.ts';
import {createLogger} from './logger.ts';
import * as shared from './shared-options.ts';
import type {Break} from './tour/break-names.ts';
import {BREAKS} from './tour/break-names.ts';

export interface DevFlags {
  readonly once?: boolean;
  readonly onlyApis?: boolean;
  readonly real?: boolean;
  readonly dir?: string;
  readonly members: number;
  readonly exportGroup: 'flomesh.io' | 'multicluster.x-k8s.io';
  readonly deadline: number;
  readonly break?: Break;
  readonly breakDeadline?: number;
  readonly logLevel: LogLevel;
}

/** `isthmus dev`: a clusterset on one machine, with nothing installed but npm. */
export function devCommand(): Command {
  const dev = new Command('dev')
    .description('run a clusterset on this machine and walk through what it does; stays up until Ctrl-C')
    .option('--once', 'walk through the steps, check each, print a summary, exit 0 or 1')
    .option('--only-apis', 'only the API servers, with CRDs and install manifests applied: no hub, no agents')
    .option(
      '--real',
      'on real kube-apiservers (KUBEBUILDER_ASSETS, or `npm run testbed:install`) instead of embedded ones',
    )
    .option('--dir <folder>', 'where kubeconfigs and the control socket go (default: a new temporary folder)')
    .option('--members <count>', 'how many member clusters', parseWholeNumber(1, 20), 3)
    .addOption(
      new Option('--export-group <group>', 'the API group of the ServiceExport that is shown')
        .choices(['flomesh.io', 'multicluster.x-k8s.io'])
        .default('flomesh.io'),
    )
    .addOption(
      new Option('--deadline <duration>', 'how long a step may wait for what it expects')
        .argParser(parseDuration)
        .default(10_000, '10s'),
    )
    .addOption(
      new Option('--break <name>', 'spoil one part, to see that its step fails')
        .choices(Object.keys(BREAKS))
        .hideHelp(),
    )
    .addOption(
      new Option('--break-deadline <duration>', 'instead of --deadline in the step that --break spoils')
        .argParser(parseDuration)
        .hideHelp(),
    )
    .addOption(shared.logLevelOption('silent'))
    .action((flags: DevFlags) => runDev(flags));
  dev.addCommand(controlCommand('stop', 'stop the API server of one cluster: connections are refused, data stay'));
  dev.addCommand(controlCommand('start', 'start it again, on the same port with the same data'));
  return dev;
}

async function runDev(flags: DevFlags): Promise<void> {
  const logger = createLogger(flags.logLevel, 'isthmus-dev');
  const members = Array.from({length: flags.members}, (_, index) => `cluster-${index + 1}`);
  if (flags.onlyApis === true) {
    if (flags.once === true) throw new IsthmusError('ISTHMUS_USAGE', '--only-apis runs no steps; leave out --once');
    const {runApis} = await import('./run-apis.ts');
    await runApis({flags, members, logger});
  } else {
    const {runTour} = await import('./run-tour.ts');
    await runTour({flags, members, logger});
  }
}

function controlCommand(verb: 'stop' | 'start', description: string): Command {
  return new Command(verb)
    .description(description)
    .argument('<cluster>', 'such as cluster-2')
    .requiredOption('--dir <folder>', 'the folder that the running `isthmus dev` printed')
    .action(async (cluster: string, flags: {dir: string}) => {
      const {callControl} = await import('./control-socket.ts');
      await callControl(flags.dir, {method: 'POST', path: `/clusters/${cluster}/${verb}`});
      process.stdout.write(`${cluster}: ${verb === 'stop' ? 'stopped' : 'started'}\n`);
    });
}
