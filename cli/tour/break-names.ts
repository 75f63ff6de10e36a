/**
 * Ways to spoil one part, so that every step is seen to fail when it should (`--break`, development only). The hub and
 * the agents know nothing of them: they are faults of the embedded API servers, or parts that are stopped.
 */
export const BREAKS = {
  'hub-not-started': {step: 1, what: 'the hub is not started'},
  'hub-stopped': {step: 2, what: 'the hub is stopped after step 1'},
  'vip-withheld': {step: 3, what: 'the members refuse derived Services'},
  'dns-stopped': {step: 3, what: 'the DNS servers are stopped'},
  'wrong-ca-bundle': {step: 4, what: 'the members keep a wrong caBundle'},
  'webhook-stopped': {step: 5, what: 'the webhook servers are stopped after step 4'},
  'import-kept': {step: 6, what: 'the members refuse to delete imports'},
} as const;

export type Break = keyof typeof BREAKS;
