/** Where an embedded server may differ from a real one. */
export interface KnownDifference {
  /** `TABLE › ROW`; `*` stands for any text. */
  readonly row: string;
  /** As {@link Difference.path}; `*` stands for any text. */
  readonly path: string;
  /** Why no user of an embedded cluster can notice. */
  readonly why: string;
  /** It depends on who is quicker, so that a run without it is none to wonder about. */
  readonly sometimes?: true;
}

const NOT_SERVED = 'kinds and subresources that Isthmus does not touch are not served: src/dev/README.md, Not there';
const REDUCED = 'the document is reduced to what clients read of it';
const NO_PROTOBUF = 'whoever accepts protobuf accepts JSON beside it, and gets that';
const NO_TEXTS = 'descriptions of columns are read by people who write clients, not by clients';
const GO_DIFF = 'kubectl prints the sentence; the diff of Go structs after it is for people who know those structs';
const OTHER_ADMIN =
  'the administrator of a testbed is bound to cluster-admin, the one of an embedded cluster is in system:masters';
const OTHER_OWNER = 'nobody applies what the control plane itself writes';

/** Every difference that is left. One that is not in here fails the comparison, and so does one that no longer occurs. */
export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {row: 'documents › the core group, aggregated', path: 'body.items[0].versions[v1].resources[*', why: NOT_SERVED},
  {row: 'documents › all other groups, aggregated', path: 'body.items[*', why: NOT_SERVED},
  {row: 'documents › an Accept that discovery does not know*', path: 'body.groups[*]', why: NOT_SERVED},
  {row: 'documents › the index of OpenAPI', path: 'body.paths.*', why: NOT_SERVED},
  {row: 'documents › a document without a hash*', path: 'body.paths.*', why: REDUCED},
  {row: 'documents › a document without a hash*', path: 'body.components.*', why: REDUCED},
  {row: 'documents › OpenAPI v2*', path: '*', why: 'clients that find no v2 use v3, as kubectl does since 1.27'},
  {row: 'representations › the paths that there are', path: 'body.paths[*', why: NOT_SERVED},
  {row: 'representations › aggregated discovery *', path: 'body.items[*', why: NOT_SERVED},
  {
    row: 'representations › health in detail',
    path: 'text',
    why: 'the checks have the names of the parts that there are; the last line is the same',
  },
  {row: 'representations › *as protobuf alone*', path: '*', why: 'no client accepts protobuf alone'},
  {
    row: 'definitions › two versions that are stored',
    path: 'body.*message',
    why: 'a list of Go structs in the middle of the sentence; field and rule are the same',
  },
  {row: 'kubectl › create *', path: 'headers.content-type', why: NO_PROTOBUF},
  {row: 'kubectl › create *', path: 'text', why: NO_PROTOBUF},
  {row: 'kubectl › create *', path: 'body', why: NO_PROTOBUF},
  {row: 'typed-commands › auth whoami', path: 'body.status.userInfo.groups[*', why: OTHER_ADMIN},
  {row: 'typed-commands › auth can-i get pods', path: 'body.status.reason', why: OTHER_ADMIN},
  {row: 'kubectl › get pods: a Table', path: 'body.columnDefinitions[*].description', why: NO_TEXTS},
  {row: 'kubectl › get svc: a Table', path: 'body.columnDefinitions[*].description', why: NO_TEXTS},
  {row: 'reads › a Table *', path: 'body.columnDefinitions[Name].description', why: NO_TEXTS},
  {row: 'watch* › as Tables*', path: 'events[0].object.columnDefinitions[*].description', why: NO_TEXTS},
  {row: 'fields › what a pod may not change', path: 'body.message', why: GO_DIFF},
  {row: 'fields › what a pod may not change', path: 'body.details.causes[0].message', why: GO_DIFF},
  {
    row: 'services › to ExternalName*',
    path: 'body.metadata.managedFields[0].fieldsV1.f:spec.f:internalTrafficPolicy',
    why: 'an owner of a field that is gone conflicts with nobody',
  },
  {row: 'services › the range of the cluster', path: 'body.metadata.managedFields[*', why: OTHER_OWNER},
  {row: 'services › the ranges, listed', path: 'body.items[kubernetes].metadata.managedFields[*', why: OTHER_OWNER},
  {
    row: 'representations › an unknown field in a merge patch*',
    path: 'body.*message',
    why: 'the sentence holds the whole object, whose keys stand in another order',
  },
  {
    row: 'two-owners › a body that is no YAML',
    path: 'body.message',
    why: 'another parser explains it in other words; the line is the same',
  },
];
