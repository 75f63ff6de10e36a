import {about, refused} from '../answers.ts';
import {NS} from '../kinds.ts';
import {get, merge, post, put} from '../row.ts';
import type {Call, Row} from '../row.ts';

const namespace = (name: string, spec?: object): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {name},
  ...(spec === undefined ? {} : {spec}),
});
const made = (name: string): Call => post(NS, namespace(name));

/** `spec.finalizers` of a Namespace have a subresource of their own. */
export const namespaceFinalizers: readonly Row[] = [
  {
    name: 'a PUT of finalize sets them',
    before: [made('nf1')],
    call: put(`${NS}/nf1/finalize`, namespace('nf1', {finalizers: ['kubernetes', 'example.dev/y']})),
    answer: {code: 200, object: {spec: {finalizers: ['kubernetes', 'example.dev/y']}, status: {phase: 'Active'}}},
  },
  {
    name: 'a PUT of finalize may take all away; a Namespace that nobody deletes stays',
    before: [made('nf2'), put(`${NS}/nf2/finalize`, namespace('nf2', {finalizers: []}))],
    call: get(`${NS}/nf2`),
    answer: {code: 200, object: {metadata: {name: 'nf2'}, status: {phase: 'Active'}}, lacks: ['spec.finalizers']},
  },
  {
    name: 'a PUT of the Namespace leaves them',
    before: [made('nf3')],
    call: put(`${NS}/nf3`, namespace('nf3', {finalizers: []})),
    answer: {code: 200, object: {spec: {finalizers: ['kubernetes']}}},
  },
  {
    name: 'so does a patch',
    before: [made('nf4')],
    call: merge(`${NS}/nf4`, {spec: {finalizers: null}}),
    answer: {code: 200, object: {spec: {finalizers: ['kubernetes']}}},
  },
  {
    name: 'finalize is not read',
    before: [made('nf5')],
    call: get(`${NS}/nf5/finalize`),
    answer: refused(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {}),
  },
  {
    name: 'finalize of nothing',
    call: put(`${NS}/nf6/finalize`, namespace('nf6', {finalizers: []})),
    answer: refused(404, 'NotFound', 'namespaces "nf6" not found', about('namespaces', 'nf6')),
  },
];
