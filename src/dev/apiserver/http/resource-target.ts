import type {UserInfo} from '../../authentication/user-info.ts';
import type {RbacAuthorizer} from '../../authorization/rbac-authorizer.ts';
import type {Faults} from '../../faults.ts';
import type {RequestFacts} from '../../faults.ts';
import type {Reviewer} from '../../reviews/reviewer.ts';
import type {WatchHub} from '../read/watch-hub.ts';
import type {WatchStream} from '../read/watch-stream.ts';
import type {ResourceType} from '../resource-type.ts';
import type {Admission, UpdatedSubresource, WriteContext} from '../write/write-call.ts';
import type {PendingFaults} from './request-faults.ts';
import type {RequestInfo} from './request-info.ts';

/** What the handlers of resources need of their cluster. */
export interface ResourceContext {
  readonly write: WriteContext;
  readonly watches: WatchHub;
  /** The open watches, so that faults and a stop can end them. */
  readonly openWatches: Map<WatchStream, RequestFacts>;
  readonly admission: Admission | undefined;
  readonly authorizer: RbacAuthorizer;
  /** By resource, or `resource/subresource`. */
  readonly reviewers: ReadonlyMap<string, Reviewer>;
  readonly faults: Faults;
  readonly bookmarkEveryMs: number;
}

/** One request about a resource, with its type found. */
export interface ResourceTarget {
  readonly info: RequestInfo;
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: UpdatedSubresource | undefined;
  readonly user: UserInfo;
  readonly faults: PendingFaults;
}
