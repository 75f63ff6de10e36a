import type {IncomingMessage} from 'node:http';

import type {RequestInfo} from '../apiserver/http/request-info.ts';
import type {WriteRow} from '../writes.ts';

const APPLY = 'application/apply-patch+yaml';
/** What is created in these groups is answered and kept nowhere: SelfSubjectAccessReview, TokenReview. */
const QUESTIONS: readonly string[] = ['authorization.k8s.io', 'authentication.k8s.io'];

/**
 * What a write request asks for, as an embedded API server counts it; undefined for one that writes nothing.
 *
 * @param body - of a create, whose URL names no object; JSON
 */
export function writeOf(
  info: RequestInfo,
  incoming: IncomingMessage,
  body: Buffer,
): Omit<WriteRow, 'count'> | undefined {
  const {resource} = info;
  const verb = verbOf(info, incoming);
  if (resource === undefined || verb === undefined || QUESTIONS.includes(resource.group)) return undefined;
  const {group, plural, namespace, subresource} = resource;
  const name = resource.name ?? nameIn(body);
  return {
    resource: `${group === '' ? plural : `${plural}.${group}`}${subresource === undefined ? '' : `/${subresource}`}`,
    verb,
    manager: info.query.get('fieldManager') ?? (incoming.headers['user-agent'] ?? '').split('/', 1)[0] ?? '',
    name: namespace === undefined ? name : `${namespace}/${name}`,
  };
}

function verbOf({verb}: RequestInfo, incoming: IncomingMessage): string | undefined {
  switch (verb) {
    case 'create':
    case 'update':
    case 'delete':
      return verb;
    case 'deletecollection':
      return 'delete';
    case 'patch':
      return incoming.headers['content-type'] === APPLY ? 'apply' : verb;
    case 'get':
    case 'list':
    case 'watch':
    case 'other':
      return undefined;
  }
}

/** Empty where the server chose the name. */
function nameIn(body: Buffer): string {
  try {
    const {metadata} = JSON.parse(body.toString()) as {metadata?: {name?: string}};
    return metadata?.name ?? '';
  } catch {
    // Protobuf, or no object at all: the server judges it, the count goes on without a name.
    return '';
  }
}
