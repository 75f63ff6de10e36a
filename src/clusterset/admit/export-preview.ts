import type {ImportPort} from '../../api/kinds.ts';
import type {Finding} from '../decision.ts';
import {portKey} from '../merge-ports.ts';
import type {ImportView, LocalServiceView, View} from '../view.ts';

type ServicePort = LocalServiceView['ports'][number];

/**
 * What an export that is new to the clusterset would bring about, as far as this cluster can see it (design §1): what is
 * imported is older, so it wins. Silent about exports that are part of the import already, whose age is not known here.
 */
export function previewConflicts(namespace: string, name: string, view: View): readonly Finding[] {
  const key = `${namespace}/${name}`;
  const service = view.services.get(key);
  if (service?.type === 'ExternalName') {
    return [warn(`Service ${key} is of type ExternalName: the export stays Valid=False, InvalidServiceType`)];
  }
  const imported = view.imports.get(key);
  if (service === undefined || imported === undefined || imported.clusters.length === 0) return [];
  if (imported.clusters.includes(view.clusterId)) return [];
  return [...previewType(service, imported), ...previewPorts(service, imported)];
}

function warn(message: string): Finding {
  return {source: 'ServiceExport', message};
}

function previewType(service: LocalServiceView, imported: ImportView): readonly Finding[] {
  const type = service.headless ? 'Headless' : 'ClusterSetIP';
  if (type === imported.type) return [];
  const like = `like the older ${exportsOf(imported.clusters)}`;
  return [warn(`this export will be ${imported.type}, not ${type}, ${like} (TypeConflict on all exports of the name)`)];
}

function previewPorts(service: LocalServiceView, imported: ImportView): readonly Finding[] {
  const findings = service.ports.flatMap((port) => previewPort(port, imported));
  const missing = imported.ports.filter((port) => !service.ports.some((own) => portKey(own) === portKey(port)));
  if (missing.length === 0) return findings;
  const lacks = `this Service lacks ${missing.map(portKey).join(', ')} of the older ${exportsOf(imported.clusters)}`;
  const message = `${lacks}: requests to it never come to this cluster (PortConflict on all exports of the name)`;
  return [...findings, warn(message)];
}

function previewPort(port: ServicePort, imported: ImportView): readonly Finding[] {
  const sameName = imported.ports.find(({name}) => (name ?? '') === (port.name ?? ''));
  const sameNumber = imported.ports.find((other) => portKey(other) === portKey(port));
  if (sameName !== undefined && sameName === sameNumber) return [];
  const loses = (to: ImportPort, why: string): Finding =>
    warn(`this export will lose port ${port.port} to ${older(servedBy(to, imported))}: ${why}`);
  if (sameName !== undefined) {
    return [
      loses(sameName, `the name ${JSON.stringify(port.name ?? '')} is taken by ${portKey(sameName)}; rename the port`),
    ];
  }
  if (sameNumber !== undefined) {
    const taken = JSON.stringify(sameNumber.name ?? '');
    return [loses(sameNumber, `${portKey(port)} is named ${taken} there; use the same name`)];
  }
  return [
    warn(
      `port ${portKey(port)} is new to the import and will lead to this cluster only (PortConflict on all exports of the name)`,
    ),
  ];
}

function servedBy(port: ImportPort, imported: ImportView): readonly string[] {
  return imported.portClusters[portKey(port)] ?? imported.clusters;
}

function exportsOf(clusters: readonly string[]): string {
  return `${clusters.length === 1 ? 'export' : 'exports'} of ${clusters.join(', ')}`;
}

function older(clusters: readonly string[]): string {
  return `${clusters.join(', ')}, whose ${clusters.length === 1 ? 'export is' : 'exports are'} older`;
}
