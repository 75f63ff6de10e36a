import {mkdir, open, readFile, rename, rm} from 'node:fs/promises';
import type {FileHandle} from 'node:fs/promises';
import {join} from 'node:path';
import {setImmediate as nextTurn} from 'node:timers/promises';
import type {Logger} from 'pino';
import type {View} from '../../src/clusterset/view.ts';
import {describeError} from '../../src/errors.ts';
import {ZoneCompiler} from '../zone/zone-compiler.ts';
import type {ZoneOptions} from '../zone/zone-compiler.ts';
import {decodeZoneFile, ZoneFileEncoder} from './zone-file.ts';
import type {StoredZone, ZoneIdentity} from './zone-file.ts';

/** Between two files: what a restart loses at most, and what a storm of changes costs at most. */
const DEFAULT_INTERVAL_MS = 10_000;

const FILE_NAME = 'dns-zone.state';

export interface ZoneKeeperOptions extends ZoneIdentity {
  /** A directory that outlives the process, such as an emptyDir. Made if it is not there, in a folder that is. */
  readonly dir: string;
  readonly compile: ZoneOptions;
  readonly logger: Logger;
  readonly intervalMs?: number;
}

/**
 * Keeps the last zone in a file (see zone-file.ts). Compiled anew from the view that is to be kept, which never changes, a slab
 * in each turn of the event loop: no copy of the zone is held, and nothing waits long. What can't be written is logged and tried
 * with the next view: answers don't depend on it.
 */
export class ZoneKeeper {
  readonly #options: ZoneKeeperOptions;
  readonly #file: string;
  #next: View | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: ZoneKeeperOptions) {
    this.#options = options;
    this.#file = join(options.dir, FILE_NAME);
  }

  /** @returns undefined where there is none, or one that is not to be served; the log says why */
  async load(): Promise<StoredZone | undefined> {
    const {logger} = this.#options;
    try {
      const stored = decodeZoneFile(await readFile(this.#file), this.#options);
      logger.info({file: this.#file, atMs: stored.about.atMs}, 'serving the kept zone as stale until the first view');
      return stored;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      logger.warn({file: this.#file, err: describeError(error)}, 'the kept zone is not used');
      return undefined;
    }
  }

  /** Sees to it that this view, or a later one, is in the file within the interval. */
  keep(view: View): void {
    if (this.#isClosed) return;
    const isFirst = this.#next === undefined;
    this.#next = view;
    if (!isFirst) return;
    this.#timer = setTimeout(() => this.#write(), this.#options.intervalMs ?? DEFAULT_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Writes what has not been written yet: a restart begins with the last view. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#write();
    await this.#writing;
  }

  #write(): void {
    const before = this.#writing;
    this.#writing = this.#writeAfter(before);
  }

  async #writeAfter(before: Promise<void>): Promise<void> {
    await before;
    const view = this.#next;
    this.#next = undefined;
    if (view === undefined) return;
    try {
      await this.#replace(view);
    } catch (error) {
      this.#options.logger.warn({file: this.#file, err: describeError(error)}, 'the zone could not be kept');
    }
  }

  /** The file is whole at every moment: the new one takes its place when it is on the disk. */
  async #replace(view: View): Promise<void> {
    await this.#makeDir();
    const draft = `${this.#file}.${process.pid}.draft`;
    try {
      const handle = await open(draft, 'w', 0o600);
      try {
        await this.#fill(handle, view);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(draft, this.#file);
    } finally {
      await rm(draft, {force: true});
    }
  }

  /** Not with its parents: asked for those, Node never comes to an end in a place such as /proc, and neither would the process. */
  async #makeDir(): Promise<void> {
    try {
      await mkdir(this.#options.dir);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
  }

  async #fill(handle: FileHandle, view: View): Promise<void> {
    const {zone, clusterId, answer, compile} = this.#options;
    const compiler = new ZoneCompiler(compile);
    const encoder = new ZoneFileEncoder();
    await handle.writeFile(encoder.begin());
    const parts = compiler.compileInParts(view);
    let part = parts.next();
    for (; part.done !== true; part = parts.next()) {
      await handle.writeFile(encoder.slab(part.value));
      await nextTurn();
    }
    const {serial, clusterIds: ids} = compiler;
    const {state, policies = []} = part.value ?? {};
    await handle.writeFile(encoder.end({zone, clusterId, answer, atMs: view.atMs, serial, ids, state, policies}));
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
