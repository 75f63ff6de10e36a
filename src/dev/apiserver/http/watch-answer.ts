import {tooLargeVersion, watchTooOld} from '../api-error.ts';
import type {WatchOptions} from '../read/list-options.ts';
import type {Presenter} from '../read/presenter.ts';
import type {Selection} from '../read/selection.ts';
import {WatchStream} from '../read/watch-stream.ts';
import type {EventWriter} from '../read/watch-stream.ts';
import {setCommonHeaders} from './answer.ts';
import type {Exchange} from './answer.ts';
import {factsOf} from './request-faults.ts';
import type {ResourceContext, ResourceTarget} from './resource-target.ts';

const DEFAULT_TIMEOUT_MIN_MS = 30 * 60_000;

export interface WatchRequest {
  readonly target: ResourceTarget;
  readonly presenter: Presenter;
  readonly selection: Selection;
  readonly options: WatchOptions;
}

/**
 * Starts a watch. Its headers go out at once: kubectl `wait` and `delete` hang until the first byte otherwise (apiserver.md §0).
 */
export function openWatch(exchange: Exchange, context: ResourceContext, request: WatchRequest): void {
  const {response} = exchange;
  const {target, options, selection} = request;
  const {storage} = context.write;
  setCommonHeaders(exchange);
  response.setHeader('Content-Type', 'application/json');
  response.writeHead(200);
  response.flushHeaders();
  let leave = (): void => undefined;
  const stream = new WatchStream({
    writer: writerOf(exchange),
    presenter: request.presenter,
    bookmarks: options.bookmarks ? {everyMs: context.bookmarkEveryMs, revision: () => storage.revision} : undefined,
    // 30 to 60 minutes where the client names no end, as upstream, so that watches of one moment do not end in one moment.
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MIN_MS * (1 + Math.random()),
    onClose: () => {
      leave();
      context.openWatches.delete(stream);
    },
    rewrite: exchange.rewrite,
  });
  context.openWatches.set(stream, factsOf(exchange, target.info));
  response.on('close', () => stream.close());
  stream.start();
  if (target.faults.silentWatch) stream.mute();
  if (target.faults.dropAfterMs !== undefined) setTimeout(() => stream.drop(), target.faults.dropAfterMs).unref();
  if (target.faults.gone) {
    stream.fail(watchTooOld(options.resourceVersion ?? 0, storage.revision).status);
    return;
  }
  const asked = options.resourceVersion ?? 0;
  if (options.initialEvents && asked > storage.revision) {
    stream.fail(tooLargeVersion(asked, storage.revision).status);
    return;
  }
  // Without a version and without the state of the beginning, a watch begins now.
  const since = options.initialEvents ? undefined : asked === 0 ? storage.revision : asked;
  leave = context.watches.add(selection, since, stream);
  if (options.initialEvents) stream.initialEventsEnd();
  stream.caughtUp();
  // The replay may have ended the stream already (too old); it then must not stay in the hub.
  if (!context.openWatches.has(stream)) leave();
}

function writerOf({response, request}: Exchange): EventWriter {
  return {
    get backlog() {
      return response.writableLength;
    },
    write: (line) => {
      response.write(line);
    },
    end: () => {
      response.end();
    },
    destroy: () => {
      request.socket.destroy();
    },
  };
}
