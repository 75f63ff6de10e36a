import {readFile, mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pino} from 'pino';
import {afterAll, beforeAll, expect, test} from 'vitest';

import {embeddedSource} from '../../cli/cluster-source.ts';
import {callControl, openControlSocket} from '../../cli/control-socket.ts';
import {DevApis} from '../../cli/dev-apis.ts';

/** How another process adds to and breaks a running `isthmus dev`. */

let dir: string;
let apis: DevApis | undefined;
let control: {close(): Promise<void>};

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'isthmus-control-'));
  control = await openControlSocket(dir, () => apis);
});

afterAll(async () => {
  await control.close();
  await apis?.close();
  await rm(dir, {recursive: true, force: true});
});

const post = (path: string): Promise<unknown> => callControl(dir, {method: 'POST', path});

test('while the clusters are being started nothing is taken', async () => {
  await expect(post('/clusters/cluster-1/add')).rejects.toThrow('still being started');
});

test('one more cluster is started, with kubeconfigs like those of the others; a name that is taken or is none is refused', async () => {
  apis = await DevApis.start({dir, members: [], source: embeddedSource(pino({level: 'silent'}))});
  await post('/clusters/cluster-1/add');
  expect(apis.names).toEqual(['hub', 'cluster-1']);
  for (const name of ['cluster-1', 'cluster-1.isthmus-hub', 'cluster-1.isthmus-agent'])
    expect(await readFile(join(dir, `${name}.kubeconfig`), 'utf8')).toContain(apis.get('cluster-1').url);
  await expect(post('/clusters/cluster-1/add')).rejects.toThrow('there is a cluster cluster-1 already');
  await expect(post('/clusters/..%2Fx/add')).rejects.toThrow('use one DNS label');
  await expect(post('/clusters/cluster-2/stop')).rejects.toThrow('there is no cluster cluster-2');
  expect(apis.names).toEqual(['hub', 'cluster-1']);
});
