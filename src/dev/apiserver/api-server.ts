import type {Logger} from 'pino';
import {describeError} from '../../errors.ts';
import {Faults} from '../faults.ts';
import type {FaultTarget, RequestFacts} from '../faults.ts';
import {WriteCounter} from '../writes.ts';
import {startCrdController} from './crd/crd-controller.ts';
import {OpenApi} from './discovery/openapi.ts';
import type {TokenAuthenticator} from './http/authentication.ts';
import {HttpsServer} from './http/https-server.ts';
import {handleRequest} from './http/request-handler.ts';
import type {ResourceContext} from './http/resource-target.ts';
import {WatchHub} from './read/watch-hub.ts';
import type {WatchStream} from './read/watch-stream.ts';
import type {ResourceType} from './resource-type.ts';
import {StorageApi} from './storage-api.ts';
import {ObjectStorage} from './storage/object-storage.ts';
import {TypeRegistry} from './type-registry.ts';
import type {Admission, WriteContext} from './write/write-call.ts';

export interface ApiServerOptions {
  readonly kinds: readonly ResourceType[];
  readonly tls: {readonly certPem: string; readonly keyPem: string};
  readonly authenticator: TokenAuthenticator;
  /** Made on top of the server's own storage. */
  readonly admission: (api: StorageApi) => Admission;
  readonly gitVersion: string;
  readonly bookmarkEveryMs: number;
  readonly historySize: number;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

const HOST = '127.0.0.1';

/** One API server: storage, types, watches, and the HTTPS front of them. Data live as long as this object does. */
export class ApiServer {
  readonly api: StorageApi;
  readonly faults: Faults;
  readonly writes = new WriteCounter();
  readonly #storage: ObjectStorage;
  readonly #https: HttpsServer;
  readonly #openWatches = new Map<WatchStream, RequestFacts>();
  readonly #stopCrds: () => void;

  constructor(options: ApiServerOptions) {
    const {logger, nowMs, gitVersion} = options;
    const registry = new TypeRegistry(options.kinds);
    this.#storage = new ObjectStorage(options.historySize);
    this.api = new StorageApi({storage: this.#storage, registry, writes: this.writes, logger, nowMs});
    this.faults = new Faults(this.#faultTarget());
    const watches = new WatchHub(this.#storage, this.api.context.conversion);
    this.#stopCrds = startCrdController({api: this.api, storage: this.#storage, registry, watches, nowMs});
    const resources: ResourceContext = {
      write: this.api.context,
      watches,
      openWatches: this.#openWatches,
      admission: options.admission(this.api),
      faults: this.faults,
      bookmarkEveryMs: options.bookmarkEveryMs,
    };
    const address = (): string => `${HOST}:${this.port}`;
    const documents = {registry, openApi: new OpenApi(registry, gitVersion, nowMs), gitVersion, address};
    const handler = {authenticator: options.authenticator, resources, documents, logger};
    this.#https = new HttpsServer({
      host: HOST,
      ...options.tls,
      handle: (request, response) => {
        handleRequest(handler, request, response).catch((error: unknown) => {
          logger.error({err: describeError(error), url: request.url}, 'answering failed');
          response.destroy();
        });
      },
    });
  }

  get context(): WriteContext {
    return this.api.context;
  }

  get port(): number {
    return this.#https.port;
  }

  listen(port: number): Promise<void> {
    return this.#https.listen(port);
  }

  /** Closes the port and every connection; the data stay. */
  async close(): Promise<void> {
    for (const stream of this.#openWatches.keys()) stream.close();
    await this.#https.close();
  }

  stopControllers(): void {
    this.#stopCrds();
  }

  #faultTarget(): FaultTarget {
    return {
      dropWatches: (matches) => {
        const fitting = [...this.#openWatches].filter(([, facts]) => matches(facts));
        for (const [stream] of fitting) stream.drop();
        return fitting.length;
      },
      compact: () => this.#storage.forgetAllHistory(),
      partition: (on) => this.#https.partition(on),
    };
  }
}
