import {isProtectedNamespace} from '../../api/names.ts';
import type {Finding} from '../decision.ts';
import {fitsDns} from '../dns-names.ts';
import {inField} from './conclude.ts';

type Source = 'ServiceExport' | 'ServiceImport';

/**
 * An export puts objects into the same namespace of every cluster, so the namespaces that run a cluster are closed both ways
 * (design §10, the class of CVE-2026-66788).
 */
export function judgeNamespace(source: Source, namespace: string, ownNamespace: string): readonly Finding[] {
  if (!isProtectedNamespace(namespace, ownNamespace)) return [];
  const verb = source === 'ServiceExport' ? 'exports' : 'imports';
  const message = `namespace ${namespace} is protected and ${verb} nothing: use a namespace of your own`;
  return [inField(source)('metadata.namespace', message)];
}

/** The kinds allow names of 253 characters with dots; a Service, and a label of a DNS name, do not. */
export function judgeServiceName(source: Source, namespace: string, name: string): readonly Finding[] {
  if (fitsDns(namespace, name)) return [];
  const message = `${JSON.stringify(name)} can't be the name of a Service: use one DNS label, at most 63 lower-case letters, digits and '-'`;
  return [inField(source)('metadata.name', message)];
}
