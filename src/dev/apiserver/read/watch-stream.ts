import type {StatusBody} from '../api-error.ts';
import type {JsonObject} from '../../schema/json.ts';
import type {Presenter} from './presenter.ts';
import type {WatchEventType, WatchSink} from './watch-hub.ts';

/** The open end of an HTTP answer, as a watch needs it. */
export interface EventWriter {
  /** Bytes that the client has not taken yet. */
  readonly backlog: number;
  write(line: string): void;
  /** Ends the chunked body cleanly. */
  end(): void;
  /** Cuts the connection. */
  destroy(): void;
}

export interface WatchStreamOptions {
  readonly writer: EventWriter;
  readonly presenter: Presenter;
  readonly bookmarks: {readonly everyMs: number; readonly revision: () => number} | undefined;
  readonly timeoutMs: number;
  /** Called once when the stream is over, whoever ended it. */
  readonly onClose: () => void;
  /** A fault: changes the object of each event. */
  readonly rewrite: ((object: unknown) => unknown) | undefined;
}

/** A client that does not read is cut off here; a real server's channel of 1,000 events holds about as much. */
const MAX_BACKLOG_BYTES = 8 * 1024 * 1024;

/**
 * One watch as it goes over the wire (apiserver.md §3.2): a JSON object and a newline per event, bookmarks now and then and one right
 * before the end, a clean end after the timeout.
 */
export class WatchStream implements WatchSink {
  readonly #options: WatchStreamOptions;
  readonly #timers: NodeJS.Timeout[] = [];
  #closed = false;
  #muted = false;
  #maxBacklog = Infinity;

  constructor(options: WatchStreamOptions) {
    this.#options = options;
  }

  start(): void {
    const {bookmarks, timeoutMs} = this.#options;
    if (this.#closed) return;
    this.#timers.push(setTimeout(() => this.#finish(), timeoutMs));
    if (bookmarks !== undefined) this.#timers.push(setInterval(() => this.#bookmark(), bookmarks.everyMs));
    for (const timer of this.#timers) timer.unref();
  }

  /** The past is sent: from here on a client has to keep up. However much the past was, it is no reason to cut anybody off. */
  caughtUp(): void {
    this.#maxBacklog = this.#options.writer.backlog + MAX_BACKLOG_BYTES;
  }

  /** Where the state of the beginning ends (WatchList): told by a bookmark, so only to those who take them. */
  initialEventsEnd(): void {
    this.#bookmark({'k8s.io/initial-events-end': 'true'});
  }

  event(type: WatchEventType, object: JsonObject): void {
    this.#send({type, object: this.#options.presenter.event(object)});
  }

  fail(status: StatusBody): void {
    this.#send({type: 'ERROR', object: status});
    this.end();
  }

  end(): void {
    if (this.#closed) return;
    if (!this.#muted) this.#options.writer.end();
    this.close();
  }

  /** A fault: the stream stays open and says nothing any more, as behind a router that lost its state. */
  mute(): void {
    this.#muted = true;
  }

  /** A fault: the connection is cut without an end of the body. */
  drop(): void {
    // Closed already: the connection may carry another request by now.
    if (this.#closed) return;
    this.#options.writer.destroy();
    this.close();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#options.onClose();
  }

  #finish(): void {
    this.#bookmark();
    this.end();
  }

  #bookmark(annotations?: Readonly<Record<string, string>>): void {
    const {bookmarks, presenter} = this.#options;
    if (bookmarks === undefined) return;
    this.#send({type: 'BOOKMARK', object: presenter.bookmark(bookmarks.revision(), annotations)});
  }

  #send(event: {readonly type: string; readonly object: unknown}): void {
    if (this.#closed || this.#muted) return;
    const {writer, rewrite} = this.#options;
    const object = rewrite === undefined ? event.object : rewrite(event.object);
    writer.write(`${JSON.stringify({type: event.type, object})}\n`);
    // Waiting for a slow client would keep every event in memory; it finds the stream broken and comes back from its last version.
    if (writer.backlog > this.#maxBacklog) this.drop();
  }
}
