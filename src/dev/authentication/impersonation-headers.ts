import type {IncomingMessage} from 'node:http';
import type {UserInfo} from './user-info.ts';

const EXTRA = 'impersonate-extra-';

/** Who the `Impersonate-*` headers name; undefined where there are none. The user name may be missing. */
export function readImpersonation({headersDistinct}: IncomingMessage): UserInfo | undefined {
  const first = (name: string): string => headersDistinct[name]?.[0] ?? '';
  const groups = headersDistinct['impersonate-group'] ?? [];
  const extra: Record<string, readonly string[]> = {};
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    if (name.startsWith(EXTRA)) extra[unescaped(name.slice(EXTRA.length))] = values;
  }
  const user = {username: first('impersonate-user'), uid: first('impersonate-uid'), groups, extra};
  const names = user.username !== '' || user.uid !== '' || groups.length > 0 || Object.keys(extra).length > 0;
  return names ? user : undefined;
}

/** Keys may hold what a header's name may not. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    // A stray percent sign is no escape.
    return key;
  }
}

/** As Go prints the structure: the 400 of headers without a user name shows it. */
export function shownUser({username, uid, groups, extra = {}}: UserInfo): string {
  const strings = (values: readonly string[]): string =>
    values.length === 0 ? '[]string(nil)' : `[]string{${values.map((value) => JSON.stringify(value)).join(', ')}}`;
  const entries = Object.entries(extra).sort(([a], [b]) => (a < b ? -1 : 1));
  const map =
    entries.length === 0
      ? 'map[string][]string(nil)'
      : `map[string][]string{${entries.map(([key, values]) => `${JSON.stringify(key)}:${strings(values)}`).join(', ')}}`;
  const name = JSON.stringify(username);
  return `&user.DefaultInfo{Name:${name}, UID:${JSON.stringify(uid)}, Groups:${strings(groups)}, Extra:${map}}`;
}
