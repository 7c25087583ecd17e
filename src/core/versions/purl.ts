import { canonicalParts, refusalOf } from './purl-types.ts';

/**
 * Package URLs (ECMA-427, package-url/purl-spec): `pkg:type/namespace/name@version?qualifiers#subpath`. The one reader and builder: lists, advisories,
 * exploitability documents and what we write go through it.
 */
export interface PackageUrl {
  /** Lower case. */
  readonly type: string;
  /** Segments joined by `/`; null when there is none. */
  readonly namespace: string | null;
  readonly name: string;
  readonly version: string | null;
  /** Keys in lower case; no empty values. */
  readonly qualifiers: Readonly<Record<string, string>>;
  readonly subpath: string | null;
}

/** `purl` is canonical: names in lower case where the type says so. `written` has them as they stood there, for display and for registries that tell them apart. */
type PurlParse =
  | { readonly ok: true; readonly purl: PackageUrl; readonly written: PackageUrl }
  | { readonly ok: false; readonly reason: string };

export function parsePurl(text: string): PurlParse {
  let written: PackageUrl | string;
  try {
    written = partsOf(text.trim());
  } catch {
    return { ok: false, reason: 'a percent sign that encodes no UTF-8' };
  }
  if (typeof written === 'string') return { ok: false, reason: written };
  const reason = refusalOf(written);
  return reason === null ? { ok: true, purl: canonicalParts(written), written } : { ok: false, reason };
}

const TYPE = /^[a-z][a-z0-9.-]*$/;
const QUALIFIER_KEY = /^[a-z][a-z0-9._-]*$/;

/** A sentence when it is none. */
function partsOf(text: string): PackageUrl | string {
  const [beforeSubpath, subpathText = ''] = splitLast(text, '#');
  const [beforeQualifiers, qualifierText = ''] = splitLast(beforeSubpath, '?');
  const scheme = /^pkg:\/*/i.exec(beforeQualifiers)?.[0];
  if (scheme === undefined) return 'does not start with "pkg:"';
  const remainder = beforeQualifiers.slice(scheme.length);
  const slash = remainder.indexOf('/');
  const typeText = slash < 0 ? remainder : remainder.slice(0, slash);
  const type = typeText.toLowerCase();
  if (!TYPE.test(type)) return `"${typeText}" is not a package type`;
  const [pathText, versionText] = splitVersion(slash < 0 ? '' : remainder.slice(slash + 1));
  if (versionText !== undefined && /(?:^|\/)$/.test(pathText)) return 'there is no name';
  const segments = pathText
    .split('/')
    .filter(segment => segment !== '')
    .map(decodeURIComponent);
  const name = segments.pop() ?? '';
  if (name === '') return 'there is no name';
  if (segments.some(segment => segment.includes('/'))) return 'a segment of the namespace holds a slash';
  const qualifiers = qualifiersOf(qualifierText);
  if (typeof qualifiers === 'string') return qualifiers;
  const path = subpathText.split('/').map(decodeURIComponent).filter(isPathSegment);
  if (path.some(segment => segment.includes('/'))) return 'a segment of the subpath holds a slash';
  return {
    type,
    namespace: segments.join('/') || null,
    name,
    version: versionText ? decodeURIComponent(versionText) : null,
    qualifiers,
    subpath: path.join('/') || null,
  };
}

/** An @ at the beginning of a segment, before another one, is the scope that somebody did not encode (`pkg:npm/@babel/core`). */
function splitVersion(path: string): [string, string | undefined] {
  const at = path.lastIndexOf('@');
  const opensSegment = at === 0 || path[at - 1] === '/';
  return at < 0 || (opensSegment && path.indexOf('/', at) > 0) ? [path, undefined] : [path.slice(0, at), path.slice(at + 1)];
}

function qualifiersOf(text: string): Record<string, string> | string {
  const qualifiers: Record<string, string> = {};
  for (const pair of text.split('&').filter(Boolean)) {
    const equals = pair.indexOf('=');
    const key = pair.slice(0, equals).toLowerCase();
    if (equals < 1 || !QUALIFIER_KEY.test(key)) return `"${pair}" is not a qualifier`;
    if (Object.hasOwn(qualifiers, key)) return `the qualifier ${key} stands there twice`;
    const value = decodeURIComponent(pair.slice(equals + 1));
    if (value !== '') qualifiers[key] = value;
  }
  return qualifiers;
}

const isPathSegment = (segment: string): boolean => !['', '.', '..'].includes(segment);

/**
 * The canonical form: names as the type has them, qualifiers sorted, everything encoded but letters, digits, `.-_~` and `:`. Throws a RangeError on
 * parts that no package URL can hold: they are the caller's own.
 */
export function buildPurl(parts: PackageUrl): string {
  const type = parts.type?.toLowerCase() ?? '';
  if (!TYPE.test(type)) throw new RangeError(`a package URL has no type "${parts.type}"`);
  const trimmed = {
    ...parts,
    type,
    namespace: segmentsOf(parts.namespace).join('/') || null,
    name: (parts.name ?? '').replace(/^\/+|\/+$/g, ''),
    qualifiers: lowerKeys(parts.qualifiers ?? {}),
  };
  const reason = trimmed.name === '' ? 'there is no name' : refusalOf(trimmed);
  if (reason !== null) throw new RangeError(`no package URL: ${reason}`);
  const { namespace, name, version, qualifiers, subpath } = canonicalParts(trimmed);
  const path = [...segmentsOf(namespace), name].map(encode).join('/');
  const pairs = Object.keys(qualifiers)
    .sort()
    .map(key => `${key}=${encode(qualifiers[key]!)}`)
    .join('&');
  const tail = segmentsOf(subpath).filter(isPathSegment).map(encode).join('/');
  return `pkg:${type}/${path}${version ? `@${encode(version)}` : ''}${pairs && `?${pairs}`}${tail && `#${tail}`}`;
}

function segmentsOf(path: string | null): string[] {
  return path?.split('/').filter(segment => segment !== '') ?? [];
}

function lowerKeys(qualifiers: Readonly<Record<string, string>>): Record<string, string> {
  const lower: Record<string, string> = {};
  for (const [written, value] of Object.entries(qualifiers)) {
    const key = written.toLowerCase();
    if (!QUALIFIER_KEY.test(key)) throw new RangeError(`"${written}" is no qualifier of a package URL`);
    if (Object.hasOwn(lower, key)) throw new RangeError(`the qualifier ${key} of a package URL stands there twice`);
    if (value !== '') lower[key] = value;
  }
  return lower;
}

function encode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%3A', ':');
}

function splitLast(text: string, separator: string): [string, string | undefined] {
  const at = text.lastIndexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
