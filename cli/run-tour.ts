import {Closers} from './closers.ts';
import {DevClusterset} from './dev-clusterset.ts';
import type {RunOptions} from './run-apis.ts';
import {startApis} from './run-apis.ts';
import {breakAtStart} from './tour/breaks.ts';
import {TourPrinter} from './tour/printer.ts';
import {StepContext} from './tour/step-context.ts';
import {walk} from './tour/tour.ts';
import {whatToTry} from './tour/what-to-try.ts';
import {untilStopped} from './until-stopped.ts';

/** `isthmus dev`: the whole clusterset in this process, the steps walked; with `--once` the exit code says how it went. */
export async function runTour(options: RunOptions): Promise<void> {
  const stopped = untilStopped();
  const parts = new Closers();
  const walked = parts.guard(() => startAndWalk(options, parts));
  const early = await Promise.race([walked.then(() => undefined), stopped]);
  if (early !== undefined) {
    await parts.close();
    // Parts that were still starting end with the process; there is nothing to wait for.
    process.exit(130);
  }
  if (options.flags.once !== true) await stopped;
  await parts.close();
  process.exitCode = (await walked) ? 0 : 1;
}

/** @returns true where every step showed what it should */
async function startAndWalk(options: RunOptions, parts: Closers): Promise<boolean> {
  const {flags, members, logger} = options;
  const printer = new TourPrinter(process.stdout);
  printer.title(members, flags.real === true);
  const clusterset = new DevClusterset(await startApis(options, parts), logger);
  parts.add(() => clusterset.close());
  breakAtStart(flags.break, clusterset);
  if (flags.break !== 'hub-not-started') await clusterset.startHub();
  await Promise.all(members.map((name) => clusterset.startAgent(name)));
  printer.running(members.length + 1);
  const context = new StepContext({
    clusterset,
    members,
    exportGroup: flags.exportGroup,
    deadlineMs: flags.deadline,
    onObserved: (line) => printer.observed(line),
    onWaiting: (what) => printer.waiting(what),
  });
  parts.add(() => context.close());
  const {break: name, breakDeadline = flags.deadline} = flags;
  const results = await walk(context, printer, name && {name, deadlineMs: breakDeadline});
  printer.summary(results);
  if (flags.once !== true) process.stdout.write(whatToTry({clusterset, members}));
  return results.every(({ok}) => ok);
}
