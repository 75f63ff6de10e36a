import {Command, Option} from 'commander';

import {parseDuration} from './arguments.ts';
import type {OperatorFlags} from './operator-hub.ts';
import {hubContextOption, hubKubeconfigOption, withOperatorHub} from './operator-hub.ts';
import {developmentOption, namespaceOption} from './shared-options.ts';
import {processTerminal} from './terminal.ts';

interface LeaveFlags extends OperatorFlags {
  readonly memberKubeconfig?: string;
  readonly memberContext?: string;
  readonly forget?: boolean;
  readonly yes?: boolean;
  readonly wait: number;
}

/** `isthmus leave CLUSTER`: deletes its Cluster and shows what the hub does about it. */
export function leaveCommand(): Command {
  return new Command('leave')
    .description('take a cluster out of the clusterset; the hub takes back what it wrote there')
    .argument('<cluster>', 'the cluster id')
    .addOption(hubKubeconfigOption())
    .addOption(hubContextOption())
    .addOption(namespaceOption())
    .option('--member-kubeconfig <file>', 'an administrator’s, of the cluster: then the hub’s account in it goes too')
    .option('--member-context <name>', 'context of that kubeconfig (default: its current one)')
    .option('--forget', 'give a member up that left and can’t be cleared: what was written there stays')
    .option('-y, --yes', 'don’t ask')
    .addOption(new Option('--wait <duration>', 'how long to follow it').argParser(parseDuration).default(60_000, '60s'))
    .addOption(developmentOption())
    .action(async (name: string, flags: LeaveFlags) => {
      const {runLeave} = await import('./leave/run-leave.ts');
      const {readCredentials} = await import('./credentials.ts');
      const {memberKubeconfig: kubeconfig, memberContext, forget = false, yes = false, wait} = flags;
      const context = memberContext === undefined ? {} : {context: memberContext};
      const member = kubeconfig === undefined ? undefined : await readCredentials({kubeconfig, ...context});
      await withOperatorHub(flags, async (hub) =>
        runLeave({
          ...{name, hub, member, forget, agreed: yes, waitMs: wait},
          terminal: processTerminal(),
          signal: new AbortController().signal,
        }),
      );
    });
}
