import {Command, CommanderError} from 'commander';

import {describeError, IsthmusError} from '../src/errors.ts';
import {agentCommand} from './agent.ts';
import {confirmCommand} from './confirm.ts';
import {devCommand} from './dev.ts';
import {dnsCommand} from './dns.ts';
import {drainCommand, undrainCommand} from './drain.ts';
import {explainCommand} from './explain.ts';
import {hubCommand} from './hub.ts';
import {joinCommand} from './join.ts';
import {leaveCommand} from './leave.ts';
import {statusCommand} from './status.ts';
import {version, versionCommand} from './version.ts';

/** What a flag gave can't be used. An address for DNS is looked at by its server, other addresses by who names the flag. */
const COMMAND_LINE_CODES: ReadonlySet<string> = new Set(['ISTHMUS_USAGE', 'ISTHMUS_DNS_LISTEN']);

/** Exit codes: 0 done, 1 failed, 2 the command line is wrong. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return error instanceof IsthmusError && COMMAND_LINE_CODES.has(error.code) ? 2 : 1;
}

/**
 * Settings that subcommands don't inherit: commander's own errors are thrown, not exited with, and an option belongs to
 * the command that it stands behind (`dev` and `dev stop` both have a `--dir`).
 */
function configured(command: Command): Command {
  for (const sub of command.commands) configured(sub);
  return command.exitOverride().enablePositionalOptions();
}

const program = new Command('isthmus')
  .description('Multi-cluster services for Kubernetes: one name, every cluster, and a reason for every decision')
  .version(version)
  .addCommand(devCommand())
  .addCommand(hubCommand())
  .addCommand(agentCommand())
  .addCommand(dnsCommand())
  .addCommand(joinCommand())
  .addCommand(leaveCommand())
  .addCommand(confirmCommand())
  .addCommand(statusCommand())
  .addCommand(drainCommand())
  .addCommand(undrainCommand())
  .addCommand(explainCommand())
  .addCommand(versionCommand());

// A promise nobody holds is a defect: going on would mean serving from a state nobody understands.
process.on('unhandledRejection', (reason) => {
  process.stderr.write(`isthmus: ${describeError(reason)}\n`);
  process.exit(1);
});

try {
  await configured(program).parseAsync();
} catch (error) {
  // Commander has printed its own message already.
  if (!(error instanceof CommanderError)) process.stderr.write(`isthmus: ${describeError(error)}\n`);
  process.exitCode = exitCodeOf(error);
}
