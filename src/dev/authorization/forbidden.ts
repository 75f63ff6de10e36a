import {failure, qualified} from '../apiserver/api-error.ts';
import type {ApiError} from '../apiserver/api-error.ts';
import type {Attributes} from './attributes.ts';

/**
 * The 403 of somebody who may not (apiserver.md §7).
 *
 * @param reason - of the authorizer; empty for none
 */
export function forbiddenTo(attributes: Attributes, reason: string): ApiError {
  const why = withoutMarkup(sentence(attributes)) + (reason === '' ? '' : `: ${reason}`);
  const {resource} = attributes;
  if (resource === undefined) {
    return failure({code: 403, reason: 'Forbidden', message: `forbidden: ${why}`, details: {}});
  }
  const {group, resource: kind, name} = resource;
  const about = qualified(kind, group) + (name === '' ? '' : ` ${JSON.stringify(name)}`);
  const details = {...(name === '' ? {} : {name}), ...(group === '' ? {} : {group}), kind};
  return failure({code: 403, reason: 'Forbidden', message: `${about} is forbidden: ${why}`, details});
}

function sentence({user, verb, resource, path}: Attributes): string {
  const who = `User ${JSON.stringify(user.username)} cannot ${verb}`;
  if (resource === undefined) return `${who} path ${JSON.stringify(path)}`;
  const {group, namespace, subresource} = resource;
  const what = subresource === '' ? resource.resource : `${resource.resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  return `${who} resource "${what}" in API group "${group}" ${where}`;
}

/** A user or a path could be a script, and an old browser might take the answer for a page. */
function withoutMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
