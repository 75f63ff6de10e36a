import {readdir} from 'node:fs/promises';

/** `npm run bench -- NAME [OPTIONS]`: runs `test/bench/NAME.ts`. A bench ends with its figures, `name value unit` on a line each. */

interface Bench {
  run(args: readonly string[]): Promise<void>;
}

const [name = '', ...args] = process.argv.slice(2);
const names = (await readdir(import.meta.dirname, {withFileTypes: true}))
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && entry.name !== 'main.ts')
  .map((entry) => entry.name.slice(0, -'.ts'.length))
  .sort();

if (names.includes(name)) {
  const bench = (await import(`./${name}.ts`)) as Bench;
  await bench.run(args);
} else {
  process.stderr.write(`usage: npm run bench -- NAME [OPTIONS]\nbenches: ${names.join(', ')}\n`);
  process.exitCode = 2;
}
