import {spawnSync} from 'node:child_process';
import {expect, test} from 'vitest';
import {fixture} from './fixture-view.ts';
import {startServer} from './live-server.ts';
import {answersOf, questionOf, SOA_LINE, WORKED_QUERIES} from './worked-queries.ts';

/** BIND's own client as a third opinion, where it is installed. It runs while this thread waits: the worker needs nobody. */

const hasDig = spawnSync('dig', ['-v']).status === 0;

/** Zone-file lines have tabs and paddings, and dig writes IPv4-mapped addresses as RFC 5952 section 5 suggests. */
function section(output: string, heading: string): readonly string[] {
  const text = output.split(`;; ${heading} SECTION:\n`)[1]?.split('\n\n')[0] ?? '';
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => line.replace(/\s+/g, ' ').replace('::ffff:1.2.3.4', '::ffff:102:304')).sort();
}

test.runIf(hasDig).each(['+notcp', '+tcp'])('dig %s reads every worked query as we meant it', async (transport) => {
  const {port} = (await startServer({view: fixture})).address;
  for (const query of WORKED_QUERIES.filter(({type}) => !type.endsWith('XFR'))) {
    const title = `${query.rule}: ${query.question} ${query.type}`;
    const options = ['+tries=1', '+norecurse', '+noidnin', '+noidnout', transport];
    const {stdout} = spawnSync(
      'dig',
      ['@127.0.0.1', '-p', String(port), ...options, '-t', query.type, '-q', questionOf(query)],
      {encoding: 'utf8'},
    );
    expect(stdout, title).toContain(`status: ${query.rcode ?? 'NOERROR'},`);
    expect(section(stdout, 'ANSWER'), title).toEqual(answersOf(query));
    expect(section(stdout, 'AUTHORITY'), title).toEqual(query.soa ? [SOA_LINE] : []);
    expect(stdout, title).not.toMatch(/malformed|extra bytes|bad packet/i);
  }
});
