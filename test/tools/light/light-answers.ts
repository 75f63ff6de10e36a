import type {Resource} from '../../../src/api/resources.ts';

export interface LightAnswer {
  readonly status: number;
  readonly body: string;
  readonly contentType: string;
}

export function json(status: number, body: unknown): LightAnswer {
  return {status, body: JSON.stringify(body), contentType: 'application/json'};
}

interface Failure {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

/** A `metav1.Status`. */
export function statusBody({code, reason, message}: Failure): object {
  return {kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code};
}

/** Thrown by a step of a request; the front makes an answer of it. */
export class LightError extends Error {
  readonly failure: Failure;
  readonly resource: Pick<Resource, 'group' | 'plural'> | undefined;
  readonly objectName: string | undefined;

  constructor(
    code: number,
    reason: string,
    o: {message: string; resource?: Pick<Resource, 'group' | 'plural'>; name?: string},
  ) {
    super(o.message);
    this.failure = {code, reason, message: o.message};
    this.resource = o.resource;
    this.objectName = o.name;
  }

  answer(): LightAnswer {
    const {group, plural: kind} = this.resource ?? {group: '', plural: ''};
    const details = this.resource === undefined ? {} : {details: {name: this.objectName, group, kind}};
    return json(this.failure.code, {...statusBody(this.failure), ...details});
  }
}

/** `services "foo"`, `serviceimports.multicluster.x-k8s.io "foo"`. */
export function called({group, plural}: Pick<Resource, 'group' | 'plural'>, name: string): string {
  return `${group === '' ? plural : `${plural}.${group}`} "${name}"`;
}

export function notFound(resource: Pick<Resource, 'group' | 'plural'>, name: string): LightError {
  return new LightError(404, 'NotFound', {message: `${called(resource, name)} not found`, resource, name});
}

export function conflict(resource: Pick<Resource, 'group' | 'plural'>, name: string, why: string): LightError {
  const message = `Operation cannot be fulfilled on ${called(resource, name)}: ${why}`;
  return new LightError(409, 'Conflict', {message, resource, name});
}
