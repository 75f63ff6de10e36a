import type {Admission} from '../apiserver/write/write-call.ts';
import type {JsonObject} from '../schema/json.ts';
import {WebhookAdmission} from './admit.ts';
import type {AdmissionInput, WebhookAdmissionOptions} from './admit.ts';
import {PolicyAdmission} from './policies/policy-admission.ts';

/** All that is configured to have a say in writes: mutating webhooks, then policies, then validating webhooks. */
export class ClusterAdmission implements Admission {
  readonly #webhooks: WebhookAdmission;
  readonly #policies: PolicyAdmission;

  constructor(options: WebhookAdmissionOptions) {
    this.#webhooks = new WebhookAdmission(options);
    this.#policies = new PolicyAdmission(options.api, options.authorizer);
  }

  mutate(input: AdmissionInput, warn: (text: string) => void): Promise<JsonObject | null> {
    return this.#webhooks.mutate(input, warn);
  }

  // Async, so that a denial rejects.
  async validate(input: AdmissionInput, warn: (text: string) => void): Promise<void> {
    this.#policies.validate(input, warn);
    await this.#webhooks.validate(input, warn);
  }

  close(): Promise<void> {
    this.#policies.close();
    return this.#webhooks.close();
  }
}
