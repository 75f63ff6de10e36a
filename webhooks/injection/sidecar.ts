/** The native sidecar (an init container that keeps running, Kubernetes 1.29+), as it stands in a pod. */
export const SIDECAR_NAME = 'isthmus-proxy';
export const SIDECAR_VOLUME = 'isthmus-run';

/** Pinned: what `reference` configuration was measured with, and the newest that the schema tests know. */
export const DEFAULT_SIDECAR_IMAGE = 'envoyproxy/envoy:distroless-v1.40.0';

/**
 * A uid that nobody else uses: 65532 is the `nonroot` of many images, 65534 is `nobody`. A container with the same uid
 * could read the sidecar's token and, with SO_REUSEPORT, share its ports.
 */
export const SIDECAR_UID = 65_531;

/** Below MAX_ARG_STRLEN (128 KiB), with which execve refuses a single argument. */
export const MAX_BOOTSTRAP_BYTES = 96 * 1024;

/** The kubelet replaces `$(NAME)` in arguments and turns `$$` into `$`: the text must come out as it went in. */
export function toArgument(bootstrap: object): string {
  return JSON.stringify(bootstrap).replaceAll('$', '$$$$');
}

export function sidecarContainer(options: {
  readonly image: string;
  readonly bootstrap: string;
  readonly readyPort: number;
}): object {
  return {
    name: SIDECAR_NAME,
    image: options.image,
    imagePullPolicy: 'IfNotPresent',
    args: ['--config-yaml', options.bootstrap, '--disable-hot-restart', '--concurrency', '2', '--log-level', 'warn'],
    restartPolicy: 'Always',
    resources: {requests: {cpu: '10m', memory: '80Mi'}, limits: {memory: '256Mi'}},
    securityContext: SECURITY_CONTEXT,
    // The next container starts when this has passed once: the application never runs before its proxy.
    startupProbe: probe(options.readyPort, {periodSeconds: 1, failureThreshold: 120}),
    readinessProbe: probe(options.readyPort, {periodSeconds: 10, failureThreshold: 3}),
    volumeMounts: [{name: SIDECAR_VOLUME, mountPath: '/run/isthmus'}],
  };
}

/** For the admin socket, which the read-only root file system has no place for. */
export const sidecarVolume: object = {name: SIDECAR_VOLUME, emptyDir: {sizeLimit: '1Mi'}};

/** Passes the `restricted` Pod Security Standard. */
const SECURITY_CONTEXT = {
  runAsUser: SIDECAR_UID,
  runAsGroup: SIDECAR_UID,
  runAsNonRoot: true,
  privileged: false,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: {drop: ['ALL']},
  seccompProfile: {type: 'RuntimeDefault'},
};

function probe(port: number, timing: {periodSeconds: number; failureThreshold: number}): object {
  return {httpGet: {path: '/ready', port}, timeoutSeconds: 1, ...timing};
}
