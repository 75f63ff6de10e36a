import type {View} from '../../src/clusterset/view.ts';
import type {InjectionInput} from '../../webhooks/injection/inject.ts';
import type {Container, Pod, PodSpec} from '../../webhooks/injection/pod.ts';
import {SIDECAR_NAME} from '../../webhooks/injection/sidecar.ts';

export function containerOf(parts: Partial<Container> = {}): Container {
  return {name: 'app', ...parts};
}

export function podOf(spec: Partial<PodSpec> = {}, metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {name: 'web-0', namespace: 'shop', labels: {app: 'web'}, ...metadata},
    spec: {containers: [containerOf()], securityContext: {}, ...spec},
  };
}

export function inputOf(view: View, parts: Partial<InjectionInput> = {}): InjectionInput {
  return {
    view,
    namespace: 'shop',
    ownNamespace: 'isthmus-system',
    sidecarImage: 'envoyproxy/envoy:distroless-v1.40.0',
    zone: 'clusterset.local',
    selectedBy: 'label',
    ...parts,
  };
}

/** The bootstrap as Envoy will read it: out of the argument, after the kubelet's expansion. */
export function bootstrapIn(pod: Pod): any {
  const sidecar = pod.spec?.initContainers?.find(({name}) => name === SIDECAR_NAME) as {args?: string[]} | undefined;
  const text = sidecar?.args?.[sidecar.args.indexOf('--config-yaml') + 1] ?? '';
  return JSON.parse(text.replaceAll('$$', '$'));
}
