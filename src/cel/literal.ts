import {Uint} from './values.ts';

/** A literal that the grammar takes but that has no value; `message` is cel-go's. */
export interface BadLiteral {
  readonly bad: string;
}

const MAX_INT = 2n ** 63n - 1n;
const MIN_INT = -(2n ** 63n);
const MAX_UINT = 2n ** 64n - 1n;

/** `-` before the digits belongs to the literal, else the smallest int could not be written. */
export function intLiteral(text: string, negative: boolean): bigint | BadLiteral {
  // 2^64 has 20 digits: a longer one need not be computed.
  if (text.length > 24) return {bad: 'invalid int literal'};
  const value = negative ? -BigInt(text) : BigInt(text);
  return value > MAX_INT || value < MIN_INT ? {bad: 'invalid int literal'} : value;
}

export function uintLiteral(text: string): Uint | BadLiteral {
  const digits = text.slice(0, -1);
  if (digits.length > 24) return {bad: 'invalid uint literal'};
  const value = BigInt(digits);
  return value > MAX_UINT ? {bad: 'invalid uint literal'} : new Uint(value);
}

export function doubleLiteral(text: string, negative: boolean): number | BadLiteral {
  const value = Number(text);
  if (!Number.isFinite(value)) return {bad: 'invalid double literal'};
  return negative ? -value : value;
}

const SIMPLE: Readonly<Record<string, string>> = {
  'a': '\x07',
  'b': '\b',
  'f': '\f',
  'n': '\n',
  'r': '\r',
  't': '\t',
  'v': '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '`': '`',
  '?': '?',
};

function bodyOf(text: string): {readonly body: string; readonly raw: boolean} {
  const raw = /^[rR]/.test(text);
  const quoted = raw ? text.slice(1) : text;
  const size = quoted.startsWith('"""') || quoted.startsWith("'''") ? 3 : 1;
  return {body: quoted.slice(size, -size).replaceAll('\r\n', '\n').replaceAll('\r', '\n'), raw};
}

const ESCAPES =
  /\\(?:(?<hex>[xX])(?<h>[0-9a-fA-F]{2})|[uU](?<code>[0-9a-fA-F]{8}|[0-9a-fA-F]{4})|(?<octal>[0-3][0-7]{2})|(?<simple>.))/gsu;

export function stringLiteral(text: string): string | BadLiteral {
  const {body, raw} = bodyOf(text);
  if (raw) return body;
  let bad = false;
  const value = body.replace(ESCAPES, (...match: unknown[]) => {
    const groups = match.at(-1) as Record<string, string | undefined>;
    const simple = groups['simple'];
    if (simple !== undefined) return SIMPLE[simple] ?? simple;
    const digits = groups['h'] ?? groups['code'];
    const point = digits === undefined ? Number.parseInt(groups['octal'] ?? '0', 8) : Number.parseInt(digits, 16);
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
      bad = true;
      return '';
    }
    return String.fromCodePoint(point);
  });
  return bad ? {bad: 'invalid unicode code point'} : value;
}

/** In a bytes literal `\x` and octal escapes are bytes, everything else is UTF-8. */
export function bytesLiteral(text: string): Uint8Array | BadLiteral {
  const {body, raw} = bodyOf(text.slice(1));
  const encoder = new TextEncoder();
  if (raw) return encoder.encode(body);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const match of body.matchAll(ESCAPES)) {
    parts.push(encoder.encode(body.slice(from, match.index)));
    from = match.index + match[0].length;
    const {h, octal, simple, code} = match.groups ?? {};
    if (code !== undefined) return {bad: 'unable to unescape string'};
    if (h !== undefined) parts.push(Uint8Array.of(Number.parseInt(h, 16)));
    else if (octal !== undefined) parts.push(Uint8Array.of(Number.parseInt(octal, 8)));
    else parts.push(encoder.encode(SIMPLE[simple ?? ''] ?? simple ?? ''));
  }
  parts.push(encoder.encode(body.slice(from)));
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
