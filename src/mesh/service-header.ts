/** Names the service to a gateway; a sending proxy always overwrites it (design §9). */
export const SERVICE_HEADER = 'x-isthmus-service';

/**
 * `<port>.<service>.<namespace>`: the header's value, and the name of the listener and the cluster of this port. It
 * depends on nothing that may change while the import lives, so a resource is changed in place and never replaced.
 */
export function serviceRef(of: {readonly namespace: string; readonly name: string}, port: number): string {
  return `${port}.${of.name}.${of.namespace}`;
}
