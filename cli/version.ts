import {readFileSync} from 'node:fs';

import {Command} from 'commander';

/** The version of this checkout or package. */
export const version = readVersion();

export function versionCommand(): Command {
  return new Command('version').description('print the version of Isthmus and of Node').action(() => {
    process.stdout.write(`isthmus ${version} (node ${process.version})\n`);
  });
}

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {version: string};
  return manifest.version;
}
