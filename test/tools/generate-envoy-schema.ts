#!/usr/bin/env node
import {execFile} from 'node:child_process';
import {createHash, randomUUID} from 'node:crypto';
import {existsSync} from 'node:fs';
import {mkdir, readdir, readFile, rename, rm, writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {delimiter, dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';

/**
 * Makes Envoy's protobuf schema as JavaScript with types, in `src/mesh/gen/` (in no commit). The .proto files come with
 * @grpc/grpc-js-xds, buf compiles them, protoc-gen-es writes them; all three are pinned by the lock file and work
 * offline. Quick where nothing changed: a hash of everything that goes in is kept beside what came out.
 */

/** The root files: the bootstrap, and every extension that a `typed_config` of ours names (`Any` hides them from imports). */
const ROOTS = [
  'envoy/config/bootstrap/v3/bootstrap.proto',
  'envoy/extensions/clusters/dns/v3/dns_cluster.proto',
  'envoy/extensions/filters/http/router/v3/router.proto',
  'envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto',
  'envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto',
  'envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver.proto',
  'envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.proto',
  'envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config.proto',
  'envoy/extensions/upstreams/http/v3/http_protocol_options.proto',
];

/** Folders of @grpc/grpc-js-xds/deps that imports are relative to. */
const IMPORT_ROOTS = ['envoy-api', 'xds', 'googleapis', 'protoc-gen-validate'];

const PACKAGES = ['@grpc/grpc-js-xds', '@bufbuild/buf', '@bufbuild/protoc-gen-es', '@bufbuild/protobuf'];

const checkout = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const target = join(checkout, 'src', 'mesh', 'gen');
const stampFile = '.inputs';
const run = promisify(execFile);

/**
 * Brings `src/mesh/gen/` up to date.
 *
 * @returns whether anything had to be made
 * @throws Error with what is missing, in words
 */
export async function generateEnvoySchema(): Promise<'made' | 'up to date'> {
  const protos = await importClosure(ROOTS);
  const stamp = await stampOf(protos);
  if ((await readStamp()) === stamp) return 'up to date';
  const work = join(checkout, '.cache', `envoy-schema-${randomUUID()}`);
  try {
    await compile(protos, work);
    const made = join(work, 'gen');
    await writeRegistry(made);
    await writeFile(join(made, stampFile), stamp);
    await moveIntoPlace(made, work, stamp);
  } finally {
    await rm(work, {recursive: true, force: true});
  }
  return 'made';
}

/** Path → text of the roots and of all they import; Google's own descriptors and well-known types are built into buf. */
async function importClosure(roots: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const deps = join(packageFolder('@grpc/grpc-js-xds'), 'deps');
  const found = new Map<string, string>();
  const open = [...roots];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path) || path.startsWith('google/protobuf/')) continue;
    const text = patched(path, await readProto(deps, path));
    found.set(path, text);
    for (const [, imported] of text.matchAll(/^import\s+(?:public\s+)?"([^"]+)";/gm)) open.push(imported ?? '');
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function readProto(deps: string, path: string): Promise<string> {
  const younger = YOUNGER[path];
  if (younger !== undefined) return younger;
  const file = IMPORT_ROOTS.map((root) => join(deps, root, path)).find((candidate) => existsSync(candidate));
  if (file === undefined) throw new Error(`@grpc/grpc-js-xds does not bring ${path}`);
  return readFile(file, 'utf8');
}

/**
 * What the shipped files lack: each line, and the one that it goes behind. validate.proto is older than the files that use it,
 * which stops every compiler but proto-loader; the others are older than the Envoy that is deployed. JSON knows no field
 * numbers, so 1001 stands for one that isn't known here.
 */
const ADDITIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'validate/validate.proto': {
    'optional bool ignore_empty = 26;': 'optional bool strict = 25 [default = true];',
  },
  'envoy/extensions/network/dns_resolver/cares/v3/cares_dns_resolver.proto': {
    'google.protobuf.UInt64Value query_timeout_seconds = 6;': 'google.protobuf.UInt32Value udp_max_queries = 5;',
    'google.protobuf.UInt32Value query_tries = 7;': 'google.protobuf.UInt32Value udp_max_queries = 5;',
  },
  'envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy.proto': {
    'import "envoy/config/core/v3/backoff.proto";': 'import "envoy/config/core/v3/base.proto";',
    'config.core.v3.BackoffStrategy backoff_options = 1001;':
      'google.protobuf.UInt32Value max_connect_attempts = 7 [(validate.rules).uint32 = {gte: 1}];',
  },
};

function patched(path: string, shipped: string): string {
  let text = shipped;
  for (const [line, after] of Object.entries(ADDITIONS[path] ?? {})) {
    const [declared = line] = line.split(' = ');
    if (text.includes(declared)) continue;
    if (!text.includes(after)) throw new Error(`${path} has changed: ${JSON.stringify(line)} cannot be added`);
    text = text.replace(after, `${after}\n${line}`);
  }
  return text;
}

/**
 * Messages that are younger than the shipped files: the fields that Isthmus writes. That Envoy has them is proven by the
 * suites that run it (docs/testbed.md).
 */
const YOUNGER: Readonly<Record<string, string>> = {
  'envoy/extensions/clusters/dns/v3/dns_cluster.proto': `
    syntax = "proto3";
    package envoy.extensions.clusters.dns.v3;
    import "envoy/config/cluster/v3/cluster.proto";
    import "google/protobuf/duration.proto";
    message DnsCluster {
      google.protobuf.Duration dns_refresh_rate = 3;
      envoy.config.cluster.v3.Cluster.RefreshRate dns_failure_refresh_rate = 4;
      envoy.config.cluster.v3.Cluster.DnsLookupFamily dns_lookup_family = 9;
    }
  `,
};

async function stampOf(protos: ReadonlyMap<string, string>): Promise<string> {
  const hash = createHash('sha256');
  hash.update(await readFile(fileURLToPath(import.meta.url)));
  for (const name of PACKAGES) hash.update(`${name} ${await versionOf(name)}\n`);
  for (const [path, text] of protos) hash.update(`${path}\0${text}\0`);
  return hash.digest('hex');
}

async function versionOf(name: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(packageFolder(name), 'package.json'), 'utf8')) as {version: string};
  return manifest.version;
}

function packageFolder(name: string): string {
  const folder = join(checkout, 'node_modules', name);
  if (!existsSync(folder)) throw new Error(`${name} is not installed: run npm ci`);
  return folder;
}

async function readStamp(): Promise<string | undefined> {
  const file = join(target, stampFile);
  return existsSync(file) ? readFile(file, 'utf8') : undefined;
}

async function compile(protos: ReadonlyMap<string, string>, work: string): Promise<void> {
  for (const [path, text] of protos) {
    const file = join(work, 'proto', path);
    await mkdir(dirname(file), {recursive: true});
    await writeFile(file, text);
  }
  await writeFile(join(work, 'buf.yaml'), JSON.stringify({version: 'v2', modules: [{path: 'proto'}]}));
  const plugin = {local: 'protoc-gen-es', out: 'gen', opt: ['target=js+dts', 'import_extension=js']};
  await writeFile(join(work, 'buf.gen.yaml'), JSON.stringify({version: 'v2', plugins: [plugin]}));
  await buf(work);
}

async function buf(work: string): Promise<void> {
  const binaries = join(checkout, 'node_modules', '.bin');
  const path = [dirname(process.execPath), binaries, process.env['PATH'] ?? ''].join(delimiter);
  // Its cache would outlive this run in the user's home.
  const env = {...process.env, PATH: path, XDG_CACHE_HOME: join(work, 'cache'), BUF_CACHE_DIR: join(work, 'cache')};
  try {
    // Its launcher is a Node script; started by this very Node, it needs no shell and no file association.
    const launcher = createRequire(import.meta.url).resolve('@bufbuild/buf/bin/buf');
    await run(process.execPath, [launcher, 'generate'], {cwd: work, env, timeout: 120_000, maxBuffer: 1 << 24});
  } catch (error) {
    const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr).slice(0, 2_000) : '';
    throw new Error(`buf generate failed: ${stderr || String(error)}`, {cause: error});
  }
}

/** One module that knows every message: what `fromJson` needs to look into `Any`. */
async function writeRegistry(folder: string): Promise<void> {
  const files = (await readdir(folder, {recursive: true})).filter((file) => file.endsWith('_pb.js')).sort();
  if (files.length === 0) throw new Error('buf generate wrote nothing');
  const imports = files.map((file, at) => `import * as m${at} from './${relative('.', file).replaceAll('\\', '/')}';`);
  const modules = files.map((_file, at) => `m${at}`).join(', ');
  const body = [
    "import {createRegistry} from '@bufbuild/protobuf';",
    ...imports,
    `const files = [${modules}].flatMap((module) => Object.values(module).filter((value) => value?.kind === 'file'));`,
    'export const registry = createRegistry(...files);',
  ];
  await writeFile(join(folder, 'registry.js'), `${body.join('\n')}\n`);
  await writeFile(
    join(folder, 'registry.d.ts'),
    "import type {Registry} from '@bufbuild/protobuf';\nexport declare const registry: Registry;\n",
  );
}

/** Two renames: whoever reads sees the whole old folder, none, or the whole new one. */
async function moveIntoPlace(made: string, work: string, stamp: string): Promise<void> {
  try {
    if (existsSync(target)) await rename(target, join(work, 'old'));
    await mkdir(dirname(target), {recursive: true});
    await rename(made, target);
  } catch (error) {
    // Another process came first. What it made of the same inputs is as good.
    if ((await readStamp()) !== stamp) throw error;
  }
}

if (import.meta.main) {
  try {
    const startedMs = performance.now();
    const outcome = await generateEnvoySchema();
    process.stdout.write(`envoy schema: ${outcome} (${Math.round(performance.now() - startedMs)} ms)\n`);
  } catch (error) {
    // Not fatal here: the tests that need the schema fail and say the same, all others still run.
    process.stderr.write(`envoy schema: cannot be made: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}
