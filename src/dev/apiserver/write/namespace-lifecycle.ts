import {isObject} from '../../schema/json.ts';
import {forbidden, notFound} from '../api-error.ts';
import type {ErrorSubject} from '../api-error.ts';
import {metaOf} from '../object-meta.ts';
import type {WriteCall, WriteContext} from './write-call.ts';

const NAMESPACES: ErrorSubject = {group: '', plural: 'namespaces', kind: 'Namespace'};

/**
 * Nothing is created in a namespace that is not there or is being deleted (the NamespaceLifecycle admission plugin).
 *
 * @throws ApiError 404 or 403
 */
export function checkNamespaceOpen(context: WriteContext, call: WriteCall, name: string): void {
  if (call.namespace === undefined) return;
  const namespace = context.storage.get('namespaces', call.namespace);
  if (namespace === undefined) throw notFound(NAMESPACES, call.namespace);
  const status = namespace['status'];
  const terminating = isObject(status) && status['phase'] === 'Terminating';
  if (!terminating && metaOf(namespace).deletionTimestamp === undefined) return;
  const why = `unable to create new content in namespace ${call.namespace} because it is being terminated`;
  throw forbidden(call.type, name, why, [
    {
      reason: 'NamespaceTerminating',
      message: `namespace ${call.namespace} is being terminated`,
      field: 'metadata.namespace',
    },
  ]);
}
