/**
 * The registry of error codes. Nothing in Isthmus is thrown that is not listed here, so the list is the documentation;
 * a test checks that every code is used and described in docs/errors.md.
 *
 * `retryable`: the same call may succeed later without anybody changing anything.
 */
export interface ErrorSpec {
  readonly message: string;
  readonly retryable: boolean;
}

export const ERRORS = {
  // src/kube: talking to a kube-apiserver
  ISTHMUS_KUBE_UNREACHABLE: {message: 'the API server could not be reached', retryable: true},
  ISTHMUS_KUBE_TIMEOUT: {message: 'the API server did not answer in time', retryable: true},
  ISTHMUS_KUBE_STATUS: {message: 'the API server refused the request', retryable: false},
  ISTHMUS_KUBE_BAD_ANSWER: {message: 'the API server sent something that is not a Kubernetes answer', retryable: true},
  ISTHMUS_KUBE_EXPIRED: {message: 'the resource version is too old; list again', retryable: true},
  ISTHMUS_KUBE_ABORTED: {message: 'the call was ended by its caller', retryable: false},
  ISTHMUS_KUBE_BAD_REQUEST: {message: 'the request cannot be made', retryable: false},
  ISTHMUS_KUBECONFIG_INVALID: {message: 'the kubeconfig cannot be used', retryable: false},
  ISTHMUS_KUBECONFIG_FORBIDDEN: {message: 'the kubeconfig asks for something that is not allowed', retryable: false},
  // src/pki
  ISTHMUS_PKI_INVALID: {message: 'the certificate or key cannot be used', retryable: false},
  // src/hub
  ISTHMUS_HUB_CLUSTER_CHANGED: {message: 'another cluster answers behind this kubeconfig', retryable: false},
  ISTHMUS_HUB_JOIN_REFUSED: {message: 'the cluster cannot be a member', retryable: false},
  ISTHMUS_HUB_EPOCH_PASSED: {
    message: 'the member has seen a hub with a higher epoch, or one that can’t be read',
    retryable: false,
  },
  ISTHMUS_HUB_FENCED: {message: 'the member is of a hub in another cluster', retryable: false},
  ISTHMUS_HUB_NOT_CLEARED: {
    message: 'what was written into a member that left could not be taken back',
    retryable: true,
  },
  ISTHMUS_HUB_TOKEN_NOT_RENEWED: {message: 'the token of a member could not be renewed', retryable: true},
  ISTHMUS_HUB_SECRET_TAKEN: {message: 'the Secret for a kubeconfig belongs to somebody else', retryable: false},
  // webhooks
  ISTHMUS_WEBHOOK_BAD_REVIEW: {message: 'the request is not an AdmissionReview', retryable: false},
  ISTHMUS_WEBHOOK_NOT_READY: {message: 'the first full view is not there yet', retryable: true},
  // dns
  ISTHMUS_DNS_LISTEN: {message: 'the DNS server cannot listen', retryable: false},
  ISTHMUS_DNS_WORKER: {message: 'the DNS worker ended', retryable: false},
  ISTHMUS_DNS_QUERY: {message: 'the DNS server gave no usable answer', retryable: true},
  ISTHMUS_DNS_STATE: {message: 'the kept DNS zone cannot be used', retryable: false},
  ISTHMUS_DNS_WIRING: {message: "the cluster's DNS cannot be wired", retryable: false},
  // cli and dev
  ISTHMUS_COMMAND_REFUSED: {message: 'the command was not carried out', retryable: false},
  ISTHMUS_NOT_OBSERVED: {message: 'what was waited for was not seen', retryable: true},
  ISTHMUS_USAGE: {message: 'the command was given something it cannot use', retryable: false},
  ISTHMUS_DEV_CLUSTER: {message: 'the development cluster cannot do this', retryable: false},
  ISTHMUS_DEV_PARTS: {message: 'real API servers cannot be started here', retryable: false},
  ISTHMUS_TOUR_STEP: {message: 'a step did not show what it should', retryable: false},
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

export type ErrorDetails = Readonly<Record<string, string | number | boolean | undefined>>;

/** An error with a stable code. `details` never holds a secret: it is logged. */
export class IsthmusError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  /**
   * @param reason - what exactly went wrong and what to change, appended to the code's own sentence
   */
  constructor(code: ErrorCode, reason: string, details: ErrorDetails = {}, options?: {cause?: unknown}) {
    super(`${ERRORS[code].message}: ${reason}`, options);
    this.name = 'IsthmusError';
    this.code = code;
    this.details = details;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

/** One line for a log or a terminal: the message and those of its causes, without stacks. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let at: unknown = error, depth = 0; at !== undefined && at !== null && depth < 5; depth++) {
    const text = at instanceof Error ? at.message : typeof at === 'string' ? at : JSON.stringify(at);
    if (!parts.some((part) => part.includes(text))) parts.push(text);
    at = at instanceof Error ? at.cause : undefined;
  }
  return parts.join(': ');
}
