import {isIP, isIPv4, isIPv6} from 'node:net';

/** RFC 3339 §5.6. The day is checked against its month: Go's parser knows the calendar. */
const dateTime = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/u;
const fullDate = /^(\d{4})-(\d{2})-(\d{2})$/u;

/** The string formats that CRDs of structural schemas use; API servers ignore all they don't know. */
const checks: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': isDateTime,
  'datetime': isDateTime,
  'date': (text) => isDay(fullDate.exec(text)),
  'byte': (text) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u.test(text),
  'uuid': (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/iu.test(text),
  'uri': (text) => URL.canParse(text),
  'hostname': (text) =>
    /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*$/iu.test(text),
  'ipv4': (text) => isIPv4(text),
  'ipv6': (text) => isIPv6(text),
  'cidr': isCidr,
};

/** @returns the format's name where the text does not have it */
export function formatError(format: string | undefined, text: string): string | undefined {
  if (format === undefined || !Object.hasOwn(checks, format)) return undefined;
  return checks[format]?.(text) === false ? format : undefined;
}

function isDateTime(text: string): boolean {
  const parts = dateTime.exec(text);
  const [hour, minute, second] = (parts?.slice(4, 7) ?? []).map(Number);
  return isDay(parts) && (hour ?? 24) < 24 && (minute ?? 60) < 60 && (second ?? 61) <= 60;
}

function isDay(parts: RegExpExecArray | null): boolean {
  const [year = 0, month = 0, day = 0] = (parts?.slice(1, 4) ?? []).map(Number);
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function isCidr(text: string): boolean {
  const [address = '', length = '', ...rest] = text.split('/');
  const family = isIP(address);
  return family !== 0 && rest.length === 0 && /^\d{1,3}$/u.test(length) && Number(length) <= (family === 4 ? 32 : 128);
}
