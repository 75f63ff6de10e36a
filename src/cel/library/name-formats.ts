import {parseTimestamp} from '../time.ts';

/** Why a text is not of a format; none: it is. */
export type FormatRule = (text: string) => readonly string[];

interface Naming {
  readonly form: RegExp;
  readonly most: number;
  readonly rule: string;
  /** Whether a subdomain in its place has a complaint of its own. */
  readonly dotted: boolean;
}

/** What is longer is not matched: it is wrong anyway, and matching takes time. */
const LONGEST = 4096;

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = String.raw`${LABEL}(\.${LABEL})*`;
const DNS_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const VALUE = '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

/** The text of a broken pattern: rule, examples, and the pattern itself. */
function patternText(rule: string, pattern: string, examples: readonly string[]): string {
  return `${rule} (e.g. ${examples.map((each) => `'${each}'`).join(',  or ')}, regex used for validation is '${pattern}')`;
}

function naming(pattern: string, most: number, rule: string, ...examples: readonly string[]): Naming {
  return {
    form: new RegExp(`^${pattern}$`),
    most,
    rule: patternText(rule, pattern, examples),
    dotted: pattern === LABEL,
  };
}

const NAMING = {
  label: naming(
    LABEL,
    63,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    'my-name',
    '123-abc',
  ),
  subdomain: naming(
    SUBDOMAIN,
    253,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    'example.com',
  ),
  label1035: naming(
    DNS_1035,
    63,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    'my-name',
    'abc-123',
  ),
  value: naming(
    VALUE,
    63,
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    'MyValue',
    'my_value',
    '12345',
  ),
};

/** The patterns nest a star in an optional group only, each character has one way through: linear. */
function complaints(text: string, {form, most, rule, dotted}: Naming): string[] {
  const long = text.length > most ? [`must be no more than ${most} characters`] : [];
  if (text.length <= LONGEST && form.test(text)) return long;
  return [
    ...long,
    ...(dotted && text.length <= LONGEST && NAMING.subdomain.form.test(text) ? ['must not contain dots'] : [rule]),
  ];
}

/** A prefix may end with a dash, to which generated names add. */
function prefix(naming: Naming): FormatRule {
  return (text) => complaints(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -1)}a` : text, naming);
}

const QUALIFIED_RULE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const NAME_FORM = new RegExp(`^${QUALIFIED}$`);

function qualifiedName(text: string): string[] {
  const parts = text.split('/');
  const [first = '', second] = parts;
  if (parts.length > 2) {
    return [
      `a valid label key ${patternText(QUALIFIED_RULE, QUALIFIED, ['MyName', 'my.name', '123-abc'])} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = second ?? first;
  const wrong: string[] = [];
  if (second !== undefined) {
    if (first === '') wrong.push('prefix part must be non-empty');
    else wrong.push(...complaints(first, NAMING.subdomain).map((each) => `prefix part ${each}`));
  }
  if (name === '') wrong.push('name part must be non-empty');
  else if (name.length > 63) wrong.push('name part must be no more than 63 bytes');
  if (name.length > LONGEST || !NAME_FORM.test(name))
    wrong.push(`name part ${patternText(QUALIFIED_RULE, QUALIFIED, ['MyName', 'my.name', '123-abc'])}`);
  return wrong;
}

function matching(form: RegExp, complaint: string): FormatRule {
  return (text) => (form.test(text) ? [] : [complaint]);
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && parseTimestamp(`${text}T00:00:00Z`) !== undefined;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Kubernetes' named formats but `uri`, by their name in `format.named`, with the name they print. */
export const NAME_FORMATS: ReadonlyMap<string, {readonly name: string; readonly rule: FormatRule}> = new Map([
  ['dns1123Label', {name: 'DNS1123Label', rule: (text: string) => complaints(text, NAMING.label)}],
  ['dns1123Subdomain', {name: 'DNS1123Subdomain', rule: (text: string) => complaints(text, NAMING.subdomain)}],
  ['dns1035Label', {name: 'DNS1035Label', rule: (text: string) => complaints(text, NAMING.label1035)}],
  ['qualifiedName', {name: 'QualifiedName', rule: qualifiedName}],
  ['dns1123LabelPrefix', {name: 'DNS1123LabelPrefix', rule: prefix(NAMING.label)}],
  ['dns1123SubdomainPrefix', {name: 'DNS1123SubdomainPrefix', rule: prefix(NAMING.subdomain)}],
  ['dns1035LabelPrefix', {name: 'DNS1035LabelPrefix', rule: prefix(NAMING.label1035)}],
  ['labelValue', {name: 'LabelValue', rule: (text: string) => complaints(text, NAMING.value)}],
  [
    'uuid',
    {
      name: 'uuid',
      rule: matching(
        /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i,
        'does not match the UUID format',
      ),
    },
  ],
  ['byte', {name: 'byte', rule: matching(BASE64, 'invalid base64')}],
  ['date', {name: 'date', rule: (text: string) => (isDate(text) ? [] : ['invalid date'])}],
  [
    'datetime',
    {name: 'datetime', rule: (text: string) => (parseTimestamp(text) === undefined ? ['invalid datetime'] : [])},
  ],
]);
