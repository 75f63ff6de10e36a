/**
 * A domain name as it stands on the wire (length octet and label, ended by the root's zero), lower-cased, each octet one
 * latin1 character. As a map key it can't confuse a dot inside a label with one between two, as text can.
 */
export type WireName = string;

export const ROOT: WireName = '\0';

/** RFC 1035 §2.3.4, in octets. */
const MAX_NAME = 255;
const MAX_LABEL = 63;

/**
 * Puts one label before a name.
 *
 * @returns undefined where the label or the whole name would be too long, or the label is not plain ASCII
 */
export function prepend(label: string, name: WireName): WireName | undefined {
  if (label.length === 0 || label.length > MAX_LABEL) return undefined;
  if (1 + label.length + name.length > MAX_NAME) return undefined;
  if (!isAscii(label)) return undefined;
  return String.fromCharCode(label.length) + label.toLowerCase() + name;
}

/** Puts several labels before a name, the leftmost first; see {@link prepend}. */
export function prependAll(labels: readonly string[], name: WireName): WireName | undefined {
  let result: WireName | undefined = name;
  for (let i = labels.length - 1; i >= 0 && result !== undefined; i--) result = prepend(labels[i]!, result);
  return result;
}

/**
 * `clusterset.local` or `clusterset.local.` → its wire name.
 *
 * @returns undefined where it is not a domain name of at least one label
 */
export function nameFromText(text: string): WireName | undefined {
  const trimmed = text.endsWith('.') ? text.slice(0, -1) : text;
  return prependAll(trimmed.split('.'), ROOT);
}

/** For messages and logs only: dots inside labels are not escaped. */
export function nameToText(name: WireName): string {
  let text = '';
  for (let at = 0; at < name.length - 1; at += 1 + name.charCodeAt(at)) {
    text += name.slice(at + 1, at + 1 + name.charCodeAt(at)) + '.';
  }
  return text || '.';
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}
