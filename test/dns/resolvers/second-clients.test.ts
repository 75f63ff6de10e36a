import {spawnSync} from 'node:child_process';
import {expect, test} from 'vitest';
import {fixture} from '../fixture-view.ts';
import {startServer} from '../live-server.ts';
import {answersOf, questionOf, WORKED_QUERIES} from '../worked-queries.ts';

/** Knot's and NLnet's own clients, beside BIND's (dig.test.ts). They run while this thread waits: the worker needs nobody. */

const CLIENTS = [
  {
    command: 'kdig',
    package: 'knot-dnsutils',
    version: ['--version'],
    args: (port: number, type: string, name: string) =>
      `@127.0.0.1 -p ${port} +retry=0 +norecurse +noidn -t ${type} -q ${name}`.split(' '),
  },
  {
    command: 'drill',
    package: 'ldnsutils',
    version: ['-v'],
    args: (port: number, type: string, name: string) => `-p ${port} -o rd ${name} @127.0.0.1 ${type}`.split(' '),
  },
] as const;

const ASKED = WORKED_QUERIES.filter(
  ({type, question}) => ['A', 'AAAA', 'SRV', 'TXT', 'NS', 'SOA'].includes(type) && question !== '.',
);

/** Zone-file lines: fields apart by one space, sorted. */
function answerSection(output: string): readonly string[] {
  const [, rest = ''] = output.split(/;; ANSWER SECTION:\n/);
  const lines = rest.split(/\n\n|;;/)[0]!.split('\n');
  return lines
    .map((line) => line.trim().replace(/\s+/g, ' ').replace('::ffff:1.2.3.4', '::ffff:102:304'))
    .filter(Boolean)
    .sort();
}

for (const {command, package: debian, version, args} of CLIENTS) {
  if (spawnSync(command, [...version]).error !== undefined) {
    test(`${command} (not installed: Debian package ${debian})`, ({skip}) => skip());
    continue;
  }
  test(`${command} reads every worked query as we meant it`, async () => {
    const {port} = (await startServer({view: fixture})).address;
    for (const query of ASKED) {
      const {stdout} = spawnSync(command, args(port, query.type, questionOf(query)), {encoding: 'utf8'});
      const title = `${query.rule}: ${query.question} ${query.type}\n${stdout}`;
      expect(stdout, title).toMatch(new RegExp(`(status|rcode): ${query.rcode ?? 'NOERROR'}[;,]`));
      expect(answerSection(stdout), title).toEqual(answersOf(query));
      expect(stdout, title).not.toMatch(/malformed|trailing|WARNING/i);
    }
  });
}
