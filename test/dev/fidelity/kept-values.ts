import type {HttpClient} from '../apiserver/support/http-client.ts';
import type {Call} from './row.ts';

/** What rows were given by one server, which no other server would give them: tokens, uids. */
const kept = new WeakMap<HttpClient, Map<string, string>>();

export function remember(http: HttpClient, body: any, paths: Readonly<Record<string, string>>): void {
  const values = kept.get(http) ?? new Map<string, string>();
  kept.set(http, values);
  for (const [name, path] of Object.entries(paths)) {
    const value = path.split('.').reduce((inner, key) => inner?.[key], body);
    if (typeof value === 'string') values.set(name, value);
  }
}

/** The call with every `{{name}}` filled in by what this server said. */
export function filledIn(http: HttpClient, call: Call): Call {
  const values = kept.get(http);
  if (values === undefined || call.body instanceof Uint8Array) return call;
  const text = JSON.stringify(call);
  return JSON.parse(
    text.replaceAll(/\{\{(\w+)\}\}/g, (all, name: string) => JSON.stringify(values.get(name) ?? all).slice(1, -1)),
  ) as Call;
}
