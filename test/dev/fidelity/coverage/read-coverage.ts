import {readdir, readFile} from 'node:fs/promises';

/** How often each recording has to stand here; the recordings themselves are not part of the project. */
export const RECORDED: Readonly<Record<string, number>> = {
  'admission': 61,
  'admission-reviews': 22,
  'admission2': 11,
  'auth': 45,
  'crd': 31,
  'discovery': 3,
  'errors': 139,
  'kubectl-1.32': 182,
  'kubectl-1.35': 176,
  'kubectl-degraded': 62,
  'misc': 19,
  'misc2': 8,
  'protobuf': 13,
  'services': 58,
  'ssa': 66,
  'ssa2': 16,
  'watch': 34,
};

/** Why an exchange is covered by no row. */
export const REASONS: Readonly<Record<string, string>> = {
  'bookmarks': 'once a minute is too slow for a suite: test/dev/apiserver/watch-stream.test.ts has clocks of its own',
  'cel-cost': 'the cost of a rule is not estimated when its definition is written; it is limited when it runs',
  'degraded':
    'how kubectl does without protobuf, OpenAPI, Tables, WatchList or aggregated discovery: the embedded server has them',
  'endpoint-slices':
    'slices made by a controller: test/dev/controllers/endpoint-slices.test.ts, and the testbed with a real one',
  'etcd-size': 'etcd has a limit of 1.5 MiB for an object; here the limit of the body comes first',
  'flow-control': 'priority and fairness is not served',
  'http2': 'a webhook that drops its HTTP/2 connection; the embedded server calls by HTTP/1.1',
  'kubelet': 'what a kubelet answers; there is none',
  'no-review': 'no webhook of Isthmus is asked about tokens',
  'not-served': 'Endpoints, IPAddresses and evictions are not served',
  'one-family': 'recorded on a cluster of one family; those of Isthmus’ tests have two: tables/dual-stack.ts',
  'openapi-v2': 'not served; clients use v3',
  'panic': 'the real server drops the connection; the embedded one answers 415',
  'policies-that-mutate': 'MutatingAdmissionPolicies are not served',
  'protobuf-answers': 'answers are JSON',
  'redirects': 'a redirect by a webhook is a failed call here, and a call of the other place there',
  'reinvocation':
    'test/dev/admission/reinvocation.test.ts asks the embedded server, test/testbed/reinvocation.integration.test.ts a real one: the same cases',
  'scale': 'the subresource scale is not served',
  'scheduler': 'pods/binding is not served: nobody schedules here',
  'test-noise': 'a controller’s write that the webhook of that recording happened to see',
  'watch-path': '/watch/ in a path has been deprecated since 1.11 and is not served',
  'workloads': 'Deployments and other workloads are not served',
};

export interface CoveredExchange {
  readonly file: string;
  /** Its line in the recording, and what the recording calls it. */
  readonly line: number;
  readonly name: string;
  /** The first eight digits of the SHA-256 of that line: who has the recordings can tell whether they are the same. */
  readonly digest: string;
  /** `TABLE › ROW`, `kubectl: SCENARIO`, or a key of {@link REASONS}. */
  readonly by: string;
}

/** One text file a recording, one line an exchange. */
export async function readCoverage(): Promise<readonly CoveredExchange[]> {
  const folder = new URL('./', import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.txt')).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')));
  return files.flatMap((file, i) =>
    (texts[i] ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => parseLine(file.replace('.txt', ''), line)),
  );
}

function parseLine(file: string, line: string): CoveredExchange {
  const found = /^(\d+) (.*) ([0-9a-f]{8}) {2}(.+)$/.exec(line);
  if (found === null) throw new Error(`${file}.txt: ${line}`);
  const [, at = '', name = '', digest = '', by = ''] = found;
  return {file, line: Number(at), name, digest, by};
}
