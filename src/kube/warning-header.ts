/**
 * The texts of `Warning` headers (RFC 7234 §5.5: `299 - "text"`, several of them after commas, quoted-pair escapes).
 * kube-apiserver sends one header each, in raw UTF-8 that HTTP parsers hand over as latin1; it is undone here.
 * What is not a warning is left out: warnings inform, they never decide.
 */
export function parseWarnings(header: string | string[] | undefined): string[] {
  const values = header === undefined ? [] : Array.isArray(header) ? header : [header];
  return values.flatMap((value) => readValue(Buffer.from(value, 'latin1').toString('utf8')));
}

const WARN_VALUE = /\s*(\d{3}) (\S+) "((?:[^"\\]|\\.)*)"(?: "[^"]*")?\s*(?:,|$)/y;

function readValue(value: string): string[] {
  const texts: string[] = [];
  WARN_VALUE.lastIndex = 0;
  for (let match = WARN_VALUE.exec(value); match !== null; match = WARN_VALUE.exec(value)) {
    texts.push((match[3] ?? '').replaceAll(/\\(.)/g, '$1'));
    if (WARN_VALUE.lastIndex >= value.length) break;
  }
  return texts;
}
