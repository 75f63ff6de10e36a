import {hostname} from 'node:os';

import {Option} from 'commander';

import {CLUSTERSET_ZONE, DEFAULT_NAMESPACE} from '../src/api/names.ts';
import {parseDuration, parseId, parseListenAddress, parseWebhookUrl, parseZone} from './arguments.ts';
import {logLevels} from './logger.ts';

/** Options that several commands have, spelled and explained once. */
export const namespaceOption = (): Option =>
  new Option('--namespace <name>', "Isthmus' own namespace").default(DEFAULT_NAMESPACE);

export const kubeconfigOption = (): Option =>
  new Option('--kubeconfig <file>', 'kubeconfig of the cluster to serve (default: the service account of the pod)');

export const contextOption = (): Option =>
  new Option('--context <name>', 'context of the kubeconfig (default: its current one)');

export const identityOption = (): Option =>
  new Option('--identity <name>', 'name of this replica, distinct for each').default(`${hostname()}-${process.pid}`);

export const webhookListenOption = (): Option =>
  new Option('--webhook-listen <host:port>', 'where the admission webhooks listen')
    .argParser(parseListenAddress)
    .default({host: '0.0.0.0', port: 9443}, '0.0.0.0:9443');

export const healthListenOption = (): Option =>
  new Option('--health-listen <host:port>', 'where /healthz, /readyz and /metrics are served')
    .argParser(parseListenAddress)
    .default({host: '0.0.0.0', port: 8080}, '0.0.0.0:8080');

export const webhookUrlOption = (): Option =>
  new Option(
    '--webhook-url <url>',
    'let API servers call this URL instead of the Service, for a process outside the cluster; `auto`: the bound address',
  ).argParser(parseWebhookUrl);

export const portsFileOption = (): Option =>
  new Option('--ports-file <file>', 'write the bound ports there, as JSON, once everything listens');

/** Of a command that asks such a process. */
export const portsFileToReadOption = (): Option =>
  new Option('--ports-file <file>', 'ask the process that wrote this with its own `--ports-file`').conflicts('server');

export const dnsZoneOption = (explained: string): Option =>
  new Option('--dns-zone <name>', explained).argParser(parseZone).default(CLUSTERSET_ZONE);

export const developmentOption = (): Option =>
  new Option('--development', 'accept API servers and gateways on loopback addresses; never in production');

export const clustersetIdOption = (): Option =>
  new Option('--clusterset-id <id>', 'name of the clusterset; a member of another one is not touched')
    .argParser(parseId)
    .default('isthmus');

export const logLevelOption = (fallback: string): Option =>
  new Option('--log-level <level>', 'what is logged').choices(logLevels).default(fallback);

export const defaultExportPolicyOption = (): Option =>
  new Option(
    '--default-export-policy <what>',
    'what holds for an export that no rule of an ExportPolicy speaks about; `Deny` for members of different owners',
  )
    .choices(['Allow', 'Deny'])
    .default('Allow');

export const noProbeGatewaysOption = (): Option =>
  new Option(
    '--no-probe-gateways',
    'do not connect to the gateways of other clusters to see whether they answer; their health stays Unknown',
  );

export const unreachableAfterOption = (fallbackMs: number, shown: string): Option =>
  new Option('--unreachable-after <duration>', 'a member without a successful request for this long is Reachable=False')
    .argParser(parseDuration)
    .default(fallbackMs, shown);
