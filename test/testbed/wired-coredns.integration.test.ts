import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

import {pino} from 'pino';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {parse} from 'yaml';

import {queryDns} from '../../dns/client.ts';
import {proveWiring} from '../../dns/cluster-dns/prove-wiring.ts';
import type {DnsServer} from '../../dns/server.ts';
import {startDnsServer} from '../../dns/server.ts';
import type {ClusterDnsObjects} from '../../dns/wiring/cluster-dns-objects.ts';
import {planUnwiring, planWiring} from '../../dns/wiring/wiring-plan.ts';
import {reservePort} from '../../src/dev/real/free-port.ts';
import {usablePart} from '../../src/dev/real/part-cache.ts';
import type {KeptProcess} from '../../src/dev/real/process-keeper.ts';
import {ProcessKeeper} from '../../src/dev/real/process-keeper.ts';
import {afterEdits} from '../dns/wiring/after-edits.ts';
import {AKS, EKS, GROWN, K3S, KIND, KUBEADM, NODE_LOCAL_DNS, seen} from '../dns/wiring/cluster-dns-samples.ts';
import {until} from '../../src/dev/real/until.ts';
import {everything, fixture} from '../dns/fixture-view.ts';
import {missingPart} from './missing-part.ts';

const missing = await missingPart('coredns');
if (missing !== undefined) test(`wired Corefiles (${missing})`, ({skip}) => skip());

interface Case {
  readonly name: string;
  readonly corefile: string;
  /** ConfigMap that the Corefile is in. */
  readonly map: string;
  readonly more?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly charts?: boolean;
}

const CASES: readonly Case[] = [
  {name: 'kubeadm', corefile: KUBEADM, map: 'coredns'},
  {name: 'kind', corefile: KIND, map: 'coredns'},
  {name: 'EKS', corefile: EKS, map: 'coredns'},
  {name: 'K3s', corefile: K3S, map: 'coredns'},
  {name: 'AKS', corefile: AKS, map: 'coredns', more: {'coredns-custom': {'a.server': 'a.example:53 {\n  errors\n}\n'}}},
  {name: 'a grown one', corefile: GROWN.replace(/^tls:[^}]*\}\n/m, ''), map: 'coredns'},
  {name: 'NodeLocal DNSCache', corefile: NODE_LOCAL_DNS, map: 'node-local-dns'},
  {name: 'RKE2', corefile: KUBEADM, map: 'rke2-coredns-rke2-coredns', charts: true},
];

/** Nobody answers there. */
const NOWHERE = '127.0.0.1:9';

/** As it is, but for what would leave this machine, need an API server, or take ports that are somebody else's. */
function playable(corefile: string, {port, dir}: {port: number; dir: string}): string {
  return corefile
    .replaceAll(':53', `:${port}`)
    .replaceAll('/etc/resolv.conf', NOWHERE)
    .replaceAll(/__PILLAR__\w+__|192\.0\.2\.\d+/g, NOWHERE)
    .replaceAll('169.254.20.10 10.96.0.10', '127.0.0.1')
    .replaceAll(/^(\s*)(health|ready|prometheus)( [\d.]*:\d+)?(?=\s)/gm, '$1$2 127.0.0.1:0')
    .replaceAll(/^(\s*kubernetes [^{\n]*\{)/gm, `$1\n        endpoint http://${NOWHERE}`)
    .replaceAll('/etc/coredns/', `${dir}/`);
}

describe.runIf(missing === undefined)('a real CoreDNS', () => {
  let keeper: ProcessKeeper;
  let isthmus: DnsServer;
  let binary: string;
  let root: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'isthmus-wired-'));
    keeper = new ProcessKeeper(root, {removeDir: true});
    binary = await usablePart('coredns');
    isthmus = await startDnsServer({listen: {host: '127.0.0.1', port: 0}, logger: pino({level: 'silent'})});
    isthmus.publish(fixture, everything);
    await isthmus.served(fixture.revision);
  });
  afterAll(async () => {
    await keeper.close();
    await isthmus.close();
  });

  /** Runs what the objects say, as the pods have it mounted. */
  async function run(
    name: string,
    objects: ClusterDnsObjects,
    {map, dir}: {map: string; dir: string},
  ): Promise<KeptProcess> {
    await rm(dir, {recursive: true, force: true});
    await mkdir(join(dir, 'custom'), {recursive: true});
    for (const [key, text] of Object.entries(objects.configMaps.get('coredns-custom')?.data ?? {})) {
      await writeFile(join(dir, 'custom', key), text);
    }
    const values = objects.chartConfig?.spec?.valuesContent;
    const text = values === undefined ? objects.configMaps.get(map)?.data?.['Corefile'] : rendered(values);
    await writeFile(join(dir, 'Corefile'), text ?? '');
    return keeper.start(name, binary, ['-conf', join(dir, 'Corefile')]);
  }

  test.concurrent.each(CASES)(
    '$name: loads it and answers the clusterset zone through it; undone it does not',
    {timeout: 60_000},
    async ({name, corefile, map, more = {}, charts = false}) => {
      const slug = name.replaceAll(' ', '-');
      const dir = join(root, slug);
      const reserved = await reservePort();
      const {port} = reserved;
      const mores = Object.fromEntries(
        Object.entries(more).map(([of, data]) => [
          of,
          Object.fromEntries(Object.entries(data).map(([key, text]) => [key, playable(text, {port, dir})])),
        ]),
      );
      const objects = seen(
        {[map]: {Corefile: playable(corefile, {port, dir})}, ...mores},
        {servesChartConfigs: charts},
      );
      const target = {zone: 'clusterset.local', address: `127.0.0.1:${isthmus.address.port}`};
      const places = planWiring(objects, target);
      const wired = afterEdits(
        objects,
        places.flatMap(({edit}) => edit ?? []),
      );
      await reserved.release();

      const coredns = await run(slug, wired, {map, dir});
      const at = {server: '127.0.0.1', port, timeoutMs: 1_000};
      const patient = {...at, zone: target.zone, everyMs: 200};
      expect(places.map(({state}) => state)).toEqual(['NotWired']);
      expect(await proven(patient), coredns.logTail()).toMatchObject({kind: 'Proven'});
      const web = await queryDns({...at, name: 'web.test.svc.clusterset.local', type: 'A'});
      expect(web).toMatchObject({rcode: 'NOERROR'});
      expect(web.answers).toHaveLength(1);
      const none = await queryDns({...at, name: 'none.test.svc.clusterset.local', type: 'A'});
      expect(none.rcode).toBe('NXDOMAIN');
      await coredns.kill();

      const undone = afterEdits(wired, planUnwiring(wired, target.zone, target));
      const before = await run(`${slug}-undone`, undone, {map, dir});
      let rcode = '';
      const answers = async (): Promise<boolean> => {
        const asked = queryDns({...at, name: 'web.test.svc.clusterset.local', type: 'A'});
        rcode = await asked.then(
          (answer) => answer.rcode,
          () => '',
        );
        return rcode !== '';
      };
      await until('an answer', answers, {deadlineMs: 30_000, why: () => before.logTail()});
      expect(rcode).not.toBe('NOERROR');
      await before.kill();
    },
  );
});

async function proven(at: {
  server: string;
  port: number;
  zone: string;
  everyMs: number;
  timeoutMs: number;
}): Promise<unknown> {
  const deadlineMs = performance.now() + 30_000;
  for (;;) {
    const proof = await proveWiring({...at, waitMs: 5_000});
    if (proof.kind === 'Proven' || performance.now() > deadlineMs) return proof;
  }
}

interface Values {
  readonly servers: readonly {
    readonly zones: readonly {readonly zone: string}[];
    readonly port: number;
    readonly plugins: readonly {readonly name: string; readonly parameters?: string; readonly configBlock?: string}[];
  }[];
}

/** What the chart makes of its values. */
function rendered(values: string): string {
  const {servers} = parse(values) as Values;
  return servers
    .map(({zones, port, plugins}) => {
      const lines = plugins.map(({name, parameters = '', configBlock}) => {
        return `  ${name} ${parameters}${configBlock === undefined ? '' : ` {\n${configBlock}\n  }`}\n`;
      });
      return `${zones.map(({zone}) => `${zone}:${port}`).join(' ')} {\n${lines.join('')}}\n`;
    })
    .join('');
}
