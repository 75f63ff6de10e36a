import {closedOnce} from './closed-once.ts';
import type {DevFolder} from './dev-folder.ts';
import {openDevFolder} from './dev-folder.ts';
import {controlSocketPath, startControlSocket} from './control-socket.ts';
import {DevClusterset} from './dev-clusterset.ts';
import {EmbeddedClusterset} from './embedded-clusterset.ts';
import type {RunOptions} from './run-apis.ts';
import {breakAtStart} from './tour/breaks.ts';
import {StepContext} from './tour/step-context.ts';
import {TourPrinter} from './tour/printer.ts';
import {walk} from './tour/tour.ts';
import {whatToTry} from './tour/what-to-try.ts';
import {untilStopped} from './until-stopped.ts';

/** `isthmus dev`: the whole clusterset in this process, the steps walked; with `--once` the exit code says how it went. */
export async function runTour(options: RunOptions): Promise<void> {
  const {flags} = options;
  const stopped = untilStopped([]);
  const folder = await openDevFolder(flags.dir);
  const tour = showTour(options, folder);
  try {
    const stoppedEarly = await Promise.race([tour.done.then(() => false), stopped.then(() => true)]);
    if (stoppedEarly) {
      await tour.close();
      // Parts that were still starting end with the process; there is nothing to wait for.
      process.exit(130);
    }
    if (flags.once !== true) await stopped;
    process.exitCode = (await tour.done) ? 0 : 1;
  } finally {
    await tour.close();
  }
}

interface RunningTour {
  /** True where every step showed what it should. */
  readonly done: Promise<boolean>;
  close(): Promise<void>;
}

function showTour({flags, members, logger}: RunOptions, folder: DevFolder): RunningTour {
  const printer = new TourPrinter(process.stdout);
  const closers: (() => Promise<void>)[] = [];
  const run = async (): Promise<boolean> => {
    printer.title(members);
    const apis = await EmbeddedClusterset.start({dir: folder.path, members, logger});
    closers.push(() =>
      folder.remove([...apis.names.map((name) => apis.kubeconfigPath(name)), controlSocketPath(folder.path)]),
    );
    const clusterset = new DevClusterset(apis, logger);
    closers.push(() => clusterset.close());
    const control = await startControlSocket(folder.path, apis);
    closers.push(() => control.close());
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
    closers.push(() => context.close());
    const results = await walk(context, printer, flags.break);
    printer.summary(results);
    const allWell = results.every(({ok}) => ok);
    if (flags.once !== true) process.stdout.write(whatToTry({clusterset, members, dir: folder.path}));
    return allWell;
  };
  const done = run();
  return {
    done,
    close: closedOnce(async () => {
      for (const close of closers.reverse()) await close();
    }),
  };
}
