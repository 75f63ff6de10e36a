import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';

import type {KeptProcess, ProcessKeeper} from '../../../src/dev/real/process-keeper.ts';
import {until} from '../../../src/dev/real/until.ts';
import type {Pod} from '../../../webhooks/injection/pod.ts';
import {SIDECAR_NAME} from '../../../webhooks/injection/sidecar.ts';
import {isRoot, UNSHARE} from './namespaces.ts';

export const POD_ADDRESS = '10.1.1.1';
export const NAME_SERVER = '10.96.0.2';

export interface PodOptions {
  readonly keeper: ProcessKeeper;
  /** For its hosts file and resolv.conf. */
  readonly dir: string;
  readonly name: string;
  readonly envoy: string;
  /** As it would come out of the API server: its aliases, sysctls and sidecar are what counts. */
  readonly pod: Pod;
  /** More addresses of its network: what Services, gateways and the name server would have. */
  readonly addresses: readonly string[];
}

interface Sidecar {
  readonly args: readonly string[];
  readonly securityContext: {readonly runAsUser: number};
}

/**
 * One pod as the kubelet would make it, without containers: a network and a mount namespace with the hosts file, the
 * resolv.conf, the sysctls and the emptyDir of its spec. What is outside of a real pod's network (gateways, Services, name server)
 * is in its own here, on addresses of lo.
 */
export class PlayedPod {
  readonly #options: PodOptions;
  readonly #holder: KeptProcess;

  private constructor(options: PodOptions, holder: KeptProcess) {
    this.#options = options;
    this.#holder = holder;
  }

  static async start(options: PodOptions): Promise<PlayedPod> {
    const {keeper, dir, name, pod, envoy} = options;
    const file = (of: string): string => join(dir, `${name}.${of}`);
    await writeFile(file('hosts'), hostsFile(pod));
    // As the kubelet writes it for dnsPolicy ClusterFirst.
    const search = 'search shop.svc.cluster.local svc.cluster.local cluster.local';
    await writeFile(file('resolv.conf'), `nameserver ${NAME_SERVER}\n${search}\noptions ndots:5\n`);
    const script = setUp({options, hosts: file('hosts'), resolv: file('resolv.conf'), envoy});
    const holder = keeper.start(name, 'unshare', [...UNSHARE, 'sh', '-ec', script]);
    await saysIt(holder, 'pod is up');
    return new PlayedPod(options, holder);
  }

  /** Starts the sidecar with the arguments of its container, as the kubelet passes them on, and its rights. */
  startSidecar(): KeptProcess {
    const sidecar = sidecarOf(this.#options.pod);
    const uid = sidecar.securityContext.runAsUser;
    return this.#start('sidecar', [...withoutRights(uid), '/run/envoy', ...sidecar.args.map(expanded)]);
  }

  /** Starts a script of this folder beside the sidecar. */
  startActor(script: string, args: readonly string[], uid?: number): KeptProcess {
    return this.#start(script, [...(uid === undefined ? [] : withoutRights(uid)), ...nodeScript(script, args)]);
  }

  /** Runs a script of this folder to its end and returns what it printed, as JSON. */
  ask(script: string, args: readonly string[]): Promise<unknown> {
    const [file, ...rest] = this.#enter(nodeScript(script, args));
    return new Promise((resolve, reject) => {
      execFile(file, rest, {timeout: 30_000, maxBuffer: 1 << 24}, (error, stdout, stderr) => {
        if (error === null) resolve(JSON.parse(stdout));
        else reject(new Error(`${script} failed: ${stderr.slice(-1_000)}`, {cause: error}));
      });
    });
  }

  #start(what: string, command: readonly string[]): KeptProcess {
    const {keeper, name} = this.#options;
    const [file, ...args] = this.#enter(command);
    started++;
    return keeper.start(`${name}-${what}-${started}`, file, args);
  }

  #enter(command: readonly string[]): readonly [string, ...string[]] {
    const user = isRoot ? [] : ['--user', '--preserve-credentials'];
    return ['nsenter', '--target', String(this.#holder.pid), ...user, '--net', '--mount', '--', ...command];
  }
}

/** Log files have names of their own. */
let started = 0;

/** Waits until a process has written this into its log. */
export async function saysIt(of: KeptProcess, text: string): Promise<void> {
  await until(
    `${of.name} to say ${JSON.stringify(text)}`,
    () => {
      if (readFileSync(of.logFile, 'utf8').includes(text)) return Promise.resolve(true);
      if (!of.running) throw new Error(`${of.name} ended: ${of.logTail()}`);
      return Promise.resolve(false);
    },
    {deadlineMs: 15_000, why: () => of.logTail()},
  );
}

/** The sidecar's container in a pod. */
export function sidecarOf(pod: Pod): Sidecar {
  const found = pod.spec?.initContainers?.find(({name}) => name === SIDECAR_NAME);
  if (found === undefined) throw new Error('the pod has no sidecar');
  return found as unknown as Sidecar;
}

/** What the kubelet makes of an argument: `$(NAME)` stays where no such variable is, `$$` is `$`. */
export function expanded(argument: string): string {
  return argument.replaceAll('$$', '$');
}

/** As the sidecar's securityContext has it: its uid, no capability, no way to get one. */
function withoutRights(uid: number): readonly string[] {
  const ids = isRoot ? ['--reuid', String(uid), '--regid', String(uid), '--clear-groups'] : [];
  return ['setpriv', ...ids, '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];
}

function nodeScript(script: string, args: readonly string[]): readonly string[] {
  return [process.execPath, join(import.meta.dirname, script), ...args];
}

function hostsFile(pod: Pod): string {
  const aliases = (pod.spec?.hostAliases ?? []).map(({ip, hostnames}) => `${ip}\t${(hostnames ?? []).join('\t')}`);
  return ['127.0.0.1\tlocalhost', `${POD_ADDRESS}\tweb-0`, ...aliases, ''].join('\n');
}

function setUp(o: {options: PodOptions; hosts: string; resolv: string; envoy: string}): string {
  const {pod, addresses} = o.options;
  const sysctls = pod.spec?.securityContext?.sysctls ?? [];
  return [
    'ip link set lo up',
    ...[POD_ADDRESS, NAME_SERVER, ...addresses].map(
      (address) => `ip addr add ${address}/${address.includes(':') ? '128' : '32'} dev lo`,
    ),
    // It may lead to /run, which is about to be covered.
    'resolv=$(readlink -m /etc/resolv.conf)',
    // The root of a container is read-only and its own; here only what the sidecar writes to is.
    'mount -t tmpfs isthmus /run',
    'mkdir -m 0777 /run/isthmus',
    'case "$resolv" in /run/*) mkdir -p "${resolv%/*}"; : > "$resolv";; esac',
    `mount --bind '${o.resolv}' "$resolv"`,
    `mount --bind '${o.hosts}' /etc/hosts`,
    // Its folder may be closed to the sidecar's uid.
    `: > /run/envoy; mount --bind '${o.envoy}' /run/envoy`,
    // A runtime's default differs from the kernel's, so the test says what it starts from.
    'echo 1024 > /proc/sys/net/ipv4/ip_unprivileged_port_start',
    ...sysctls.map(({name, value}) => `echo '${value}' > /proc/sys/${name.replaceAll('.', '/')}`),
    'echo pod is up',
    'exec sleep 600',
  ].join('\n');
}
