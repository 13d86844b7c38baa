import { addressText, parseAddress } from './addresses.ts';
import { utf8Of } from './utf8.ts';
import type { ListKind } from '../plan/source-plan.ts';

/**
 * One spelling for values that mean the same, by the kind of their list; null: not a value of that kind.
 * Rows and event values go through the same function, so that membership is exact.
 */
export function normalise(kind: Exclude<ListKind, 'cidr'>, text: string): string | null {
  switch (kind) {
    case 'exact':
      return text === '' ? null : text;
    case 'ip': {
      const address = parseAddress(text.trim());
      return address === null ? null : addressText(address);
    }
    case 'domain':
    case 'domain-exact':
      return domain(text);
    case 'url':
      return url(text);
    case 'email': {
      const address = text.trim().toLowerCase();
      return /^[^\s@]+@[^\s@]+$/.test(address) && address.length <= 320 ? address : null;
    }
    case 'hash': {
      const hex = text.trim().toLowerCase();
      return /^(?:[0-9a-f]{2}){8,64}$/.test(hex) ? hex : null;
    }
  }
}

/** A host name in small letters without its last dot; a leading `*.` says nothing that sub-domains do not say. */
function domain(text: string): string | null {
  const name = text.trim().toLowerCase().replace(/^\*\./, '').replace(/\.$/, '');
  if (name.length === 0 || name.length > 253) return null;
  return name
    .split('.')
    .every((label) =>
      /^[\p{L}\p{N}_](?:[\p{L}\p{N}\p{M}_-]{0,61}[\p{L}\p{N}\p{M}_])?$/u.test(label),
    )
    ? name
    : null;
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  http: '80',
  https: '443',
  ftp: '21',
  ws: '80',
  wss: '443',
};

/** RFC 3986 section 6.2: scheme and host in small letters, no default port, no fragment, percent-encoding in one form. */
function url(text: string): string | null {
  const parts =
    /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\/(?:([^/?#@\s]*)@)?(\[[^\]]*\]|[^/?#:\s]*)(?::(\d*))?(\/[^?#\s]*)?(\?[^#\s]*)?(?:#\S*)?$/.exec(
      text.trim(),
    );
  if (parts === null || parts[3] === '') return null;
  const scheme = parts[1]!.toLowerCase();
  const user = parts[2] === undefined ? '' : `${parts[2]}@`;
  const port =
    parts[4] === undefined || parts[4] === '' || parts[4] === DEFAULT_PORTS[scheme]
      ? ''
      : `:${parts[4]}`;
  return `${scheme}://${user}${parts[3]!.toLowerCase().replace(/\.$/, '')}${port}${encoded(parts[5] ?? '/')}${encoded(parts[6] ?? '')}`;
}

function encoded(text: string): string {
  return text
    .replace(/[^\x21-\x7e]+/g, (run) =>
      Array.from(
        utf8Of(run),
        (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
      ).join(''),
    )
    .replace(/%[0-9a-fA-F]{2}/g, (code) => {
      const char = String.fromCharCode(Number.parseInt(code.slice(1), 16));
      return /[A-Za-z0-9._~-]/.test(char) ? char : code.toUpperCase();
    });
}
