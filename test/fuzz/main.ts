import {parseArgs} from 'node:util';
import {fuzzDns} from './dns.ts';

/** `npm run fuzz -- dns [--seconds N] [--seed N]`: ends with its figures, `name value unit` on a line each; exit code 1 on a finding. */

const {positionals, values} = parseArgs({
  allowPositionals: true,
  options: {seconds: {type: 'string', default: '20'}, seed: {type: 'string'}},
});
const seconds = Number(values.seconds);
const seed = values.seed === undefined ? Date.now() % 2 ** 32 : Number(values.seed);

if (positionals[0] !== 'dns' || !(seconds > 0) || !Number.isInteger(seed)) {
  process.stderr.write('usage: npm run fuzz -- dns [--seconds N] [--seed N]\n');
  process.exitCode = 2;
} else {
  const log = (line: string) => void process.stdout.write(`${line}\n`);
  const report = await fuzzDns({seconds, seed, log});
  for (const [name, value] of Object.entries(report.figures)) log(`${name} ${value}`);
  for (const finding of report.findings) log(`FINDING (seed ${seed}): ${finding}`);
  process.exitCode = report.findings.length > 0 ? 1 : 0;
}
