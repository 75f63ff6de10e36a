/*
 * The syntax of names, labels and ports, each with the sentences of a kube-apiserver. Every function answers with what is wrong:
 * nothing wrong is an empty list.
 */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const DNS_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;
const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const ENV_NAME = '[-._a-zA-Z][-._a-zA-Z0-9]*';

const labelPattern = whole(LABEL);
const dns1035Pattern = whole(DNS_1035);
const subdomainPattern = whole(SUBDOMAIN);
const qualifiedPattern = whole(QUALIFIED);
const labelValuePattern = whole(LABEL_VALUE);
const configKeyPattern = whole(CONFIG_KEY);

function whole(pattern: string): RegExp {
  return new RegExp(`^${pattern}$`);
}

function regexSentence(rule: string, examples: readonly string[], pattern: string): string {
  const shown = examples.map((example) => `'${example}'`).join(',  or ');
  return `${rule} (e.g. ${shown}, regex used for validation is '${pattern}')`;
}

function atMost(characters: number): string {
  return `must be no more than ${characters} characters`;
}

/** RFC 1123 label: Namespaces, Services, containers, named ports of a Service. */
export function wrongLabel(value: string): string[] {
  const wrong: string[] = [];
  if (value.length > 63) wrong.push(atMost(63));
  if (labelPattern.test(value)) return wrong;
  if (subdomainPattern.test(value)) return [...wrong, 'must not contain dots'];
  const rule =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
  return [...wrong, regexSentence(rule, ['my-name', '123-abc'], LABEL)];
}

/** RFC 1035 label: versions and kinds of an API. */
export function wrongDns1035Label(value: string): string[] {
  const wrong = value.length > 63 ? [atMost(63)] : [];
  if (dns1035Pattern.test(value)) return wrong;
  const rule =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
  return [...wrong, regexSentence(rule, ['my-name', 'abc-123'], DNS_1035)];
}

/** RFC 1123 subdomain: the name of most objects. */
export function wrongSubdomain(value: string): string[] {
  const wrong = value.length > 253 ? [atMost(253)] : [];
  if (subdomainPattern.test(value)) return wrong;
  const rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
  return [...wrong, regexSentence(rule, ['example.com'], SUBDOMAIN)];
}

/** Names that only have to be one segment of a path: RBAC. */
export function wrongPathSegment(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%']
    .filter((character) => value.includes(character))
    .map((character) => `may not contain '${character}'`);
}

/** `[prefix/]name`: keys of labels and annotations, finalizers, application protocols. */
export function wrongQualifiedName(value: string): string[] {
  const rule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  const sentence = regexSentence(rule, ['MyName', 'my.name', '123-abc'], QUALIFIED);
  const parts = value.split('/');
  if (parts.length > 2) {
    return [`a valid label key ${sentence} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const [prefix, name] = parts.length === 2 ? parts : [undefined, value];
  const wrong: string[] = [];
  if (prefix === '') wrong.push('prefix part must be non-empty');
  else if (prefix !== undefined) wrong.push(...wrongSubdomain(prefix).map((text) => `prefix part ${text}`));
  if (name === undefined || name === '') wrong.push('name part must be non-empty');
  else if (name.length > 63) wrong.push(`name part must be no more than 63 bytes`);
  if (!qualifiedPattern.test(name ?? '')) wrong.push(`name part ${sentence}`);
  return wrong;
}

export function wrongLabelValue(value: string): string[] {
  const wrong = value.length > 63 ? [atMost(63)] : [];
  if (labelValuePattern.test(value)) return wrong;
  const rule =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  return [...wrong, regexSentence(rule, ['MyValue', 'my_value', '12345'], LABEL_VALUE)];
}

/** A key of a ConfigMap or Secret: it becomes a file name. */
export function wrongConfigKey(value: string): string[] {
  if (value.length > 253) return [atMost(253)];
  if (!configKeyPattern.test(value)) {
    const rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    return [regexSentence(rule, ['key.name', 'KEY_NAME', 'key-name'], CONFIG_KEY)];
  }
  if (value === '.') return ["must not be '.'"];
  if (value === '..') return ["must not be '..'"];
  return value.startsWith('..') ? ["must not start with '..'"] : [];
}

const envPattern = whole(ENV_NAME);
const printablePattern = /^[ -<>-~]+$/;

/** Any printable ASCII but `=` may name an environment variable since Kubernetes 1.34. */
export function wrongEnvName(value: string): string[] {
  if (envPattern.test(value) || printablePattern.test(value)) return [];
  const rule = "a valid environment variable name must consist only of printable ASCII characters other than '='";
  return [regexSentence(rule, ['my.env-name', 'MY_ENV.NAME', 'MyEnvName1'], ENV_NAME)];
}

export function wrongPortNumber(value: number): string[] {
  return value >= 1 && value <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];
}

/** A named port of a container (RFC 6335 §5.1). */
export function wrongPortName(value: string): string[] {
  const wrong: string[] = [];
  if (value.length > 15) wrong.push(atMost(15));
  if (!/^[a-z0-9-]+$/.test(value)) wrong.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) wrong.push('must contain at least one letter (a-z)');
  if (value.includes('--')) wrong.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) wrong.push('must not begin or end with a hyphen');
  return wrong;
}
