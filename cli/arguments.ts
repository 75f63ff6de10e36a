import {InvalidArgumentError} from 'commander';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT` or `[IPV6]:PORT`; port 0 lets the system choose, and the chosen one is logged and in the ports file. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[(?<v6>[0-9a-fA-F:.]+)\]|(?<host>[^:[\]]+)):(?<port>\d{1,5})$/.exec(text);
  const host = match?.groups?.['v6'] ?? match?.groups?.['host'];
  const port = Number(match?.groups?.['port']);
  if (host === undefined || port > 65_535) {
    throw new InvalidArgumentError('expected HOST:PORT or [IPV6]:PORT with a port from 0 to 65535');
  }
  return {host, port};
}

/** The reverse of {@link parseListenAddress}: also the authority of a URL. */
export function shownAddress({host, port}: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A base URL for webhooks, or `auto`: https, and nothing behind the path, which API servers refuse. */
export function parseWebhookUrl(text: string): string {
  if (text === 'auto') return text;
  const url = URL.parse(text);
  if (url?.protocol !== 'https:' || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new InvalidArgumentError('expected `auto` or an https URL without query, such as https://192.0.2.1:9443');
  }
  return text;
}

/** A whole number within bounds, with a sentence for everything else. */
export function parseWholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`expected a whole number from ${minimum} to ${maximum}`);
    }
    return value;
  };
}

const UNITS_MS: Readonly<Record<string, number>> = {ms: 1, s: 1000, m: 60_000, h: 3_600_000};

/** A duration such as `500ms`, `10s`, `5m`, in milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(?<count>\d{1,9})(?<unit>ms|s|m|h)$/.exec(text);
  const unit = UNITS_MS[match?.groups?.['unit'] ?? ''];
  if (match === null || unit === undefined)
    throw new InvalidArgumentError('expected a duration such as 500ms, 10s or 5m');
  return Number(match.groups?.['count']) * unit;
}
