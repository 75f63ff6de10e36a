import type {ResourceType} from '../apiserver/resource-type.ts';
import type {UserInfo} from '../authentication/user-info.ts';
import type {JsonObject} from '../schema/json.ts';

/** The request that brought a review. */
export interface ReviewRequest {
  readonly user: UserInfo;
  readonly namespace: string | undefined;
  /** Of the object that a subresource belongs to. */
  readonly name: string | undefined;
  readonly warn: (text: string) => void;
  /** The validating webhooks' turn: after the checks, before the answer. */
  readonly admit: (object: JsonObject) => Promise<void>;
}

/** Something that is created to be answered, and never stored. */
export interface Reviewer {
  /** What the body is. */
  readonly type: ResourceType;
  /**
   * @param object - known fields, with defaults and managedFields
   * @throws ApiError
   */
  answer(object: JsonObject, request: ReviewRequest): Promise<JsonObject>;
}
