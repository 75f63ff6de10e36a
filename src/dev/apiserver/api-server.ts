import type {Logger} from 'pino';
import {describeError} from '../../errors.ts';
import {AccountTokens} from '../authentication/account-tokens.ts';
import {TokenAuthenticator} from '../authentication/token-authenticator.ts';
import type {Authorizer} from '../authorization/authorizer.ts';
import {RbacAuthorizer} from '../authorization/rbac-authorizer.ts';
import {Faults} from '../faults.ts';
import type {FaultTarget, RequestFacts} from '../faults.ts';
import {accessReviewers} from '../reviews/access-reviews.ts';
import {identityReviewers} from '../reviews/identity-reviews.ts';
import type {Reviewer} from '../reviews/reviewer.ts';
import {tokenRequester} from '../reviews/token-requests.ts';
import {WriteCounter} from '../writes.ts';
import {startCrdController} from './crd/crd-controller.ts';
import {OpenApi} from './discovery/openapi.ts';
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
  /** Made on top of the server's own storage. */
  readonly admission: (api: StorageApi, authorizer: Authorizer) => Admission;
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
  readonly tokens: AccountTokens;
  readonly authenticator: TokenAuthenticator;
  readonly authorizer: RbacAuthorizer;
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
    this.tokens = new AccountTokens(this.api, nowMs);
    this.authenticator = new TokenAuthenticator(this.tokens);
    this.authorizer = new RbacAuthorizer(this.api);
    this.faults = new Faults(this.#faultTarget());
    const watches = new WatchHub(this.#storage, this.api.context.conversion);
    this.#stopCrds = startCrdController({api: this.api, storage: this.#storage, registry, watches, nowMs});
    const resources: ResourceContext = {
      write: this.api.context,
      watches,
      openWatches: this.#openWatches,
      admission: options.admission(this.api, this.authorizer),
      authorizer: this.authorizer,
      reviewers: this.#reviewers(nowMs),
      faults: this.faults,
      bookmarkEveryMs: options.bookmarkEveryMs,
    };
    const address = (): string => `${HOST}:${this.port}`;
    const {key} = this.tokens;
    const documents = {registry, key, openApi: new OpenApi(registry, gitVersion, nowMs), gitVersion, address};
    const handler = {authenticator: this.authenticator, resources, documents, logger};
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

  #reviewers(nowMs: () => number): ReadonlyMap<string, Reviewer> {
    const reviewers = [...identityReviewers(this.authenticator, nowMs), ...accessReviewers(this.authorizer)];
    const token = tokenRequester(this.api, this.tokens, nowMs);
    return new Map([
      ...reviewers.map((reviewer) => [reviewer.type.storageKey, reviewer] as const),
      ['serviceaccounts/token', token],
    ]);
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
