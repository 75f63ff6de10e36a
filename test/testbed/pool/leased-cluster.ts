import {callControl} from '../../../cli/control-socket.ts';
import {kubeconfigText} from '../../../src/kube/kubeconfig-text.ts';
import type {DevCluster} from '../../../src/dev/dev-cluster.ts';
import {applyManifests} from '../../../src/dev/real/apply-manifests.ts';
import {FaultyFront, type FrontOptions} from '../../../src/dev/real/faulty-front.ts';
import {reservePort} from '../../../src/dev/real/free-port.ts';
import {KubeClient} from '../../../src/kube/client.ts';
import type {SlotInfo} from './slot.ts';
import {POOL_VARIABLE} from './slot.ts';

const OPEN_ATTEMPTS = 5;

/**
 * A real cluster of the pool, until it is closed, behind a front of its own in this process: so faults may be functions, and counts
 * are there as soon as the answer is.
 *
 * @param index - decides which one, and with it the address ranges
 */
export async function leaseCluster({name, index}: {name: string; index: number}): Promise<DevCluster> {
  const dir = process.env[POOL_VARIABLE];
  if (dir === undefined) throw new Error('no pool of real clusters: it is started by the projects of vitest.config.ts');
  const call = (verb: string): Promise<unknown> => callControl(dir, {method: 'POST', path: `/slots/${index}/${verb}`});
  const slot = (await call(`lease?pid=${process.pid}`)) as SlotInfo;
  const {ca, token} = slot;
  const compact = async (): Promise<number> => ((await call('compact')) as {revision: number}).revision;
  const front = await openFront({target: slot.port, tls: slot, compact});
  const server = `https://127.0.0.1:${front.port}`;
  const direct = {server: `https://127.0.0.1:${slot.port}`, ca, token};
  const administrator = new KubeClient({credentials: direct, userAgent: 'testbed'});
  return {
    name,
    url: server,
    kubeconfig: kubeconfigText({name, server, caPem: ca, token}),
    credentials: {server, ca, token},
    faults: front.faults,
    writes: front.writes,
    applyManifests: (yaml) => applyManifests(administrator, yaml),
    stop: async () => {
      await front.close();
      await call('stop');
    },
    start: async () => {
      await call('start');
      await front.open();
    },
    close: async () => {
      await Promise.all([administrator.close(), front.close()]);
      await call('return');
    },
  };
}

/** Of several testbeds that start at once two may choose one port: whoever comes second chooses again. */
async function openFront(options: Omit<FrontOptions, 'port'>): Promise<FaultyFront> {
  for (let attempt = 1; ; attempt++) {
    const reserved = await reservePort();
    const front = new FaultyFront({...options, port: reserved.port});
    await reserved.release();
    try {
      await front.open();
      return front;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt === OPEN_ATTEMPTS) throw error;
    }
  }
}
