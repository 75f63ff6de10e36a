/** One path for each kind that is reviewed. The configurations and the handlers both take them from here. */
export const PATHS = {
  pods: '/mutate/pods',
  /** The same for namespaces that FSM's label selects: there, an annotation decides as well. */
  monitoredPods: '/mutate/monitored-pods',
  clusters: '/validate/clusters',
  serviceExports: '/validate/serviceexports',
  serviceImports: '/validate/serviceimports',
  trafficPolicies: '/validate/globaltrafficpolicies',
  exportPolicies: '/validate/exportpolicies',
  importPolicies: '/validate/importpolicies',
  exportDeletions: '/warn/serviceexports',
  services: '/warn/services',
} as const;
