/** Package URLs (package-url/purl-spec): `pkg:type/namespace/name@version?qualifiers#subpath`. */
export interface PackageUrl {
  readonly type: string;
  /** Segments joined by `/`; null when there is none. */
  readonly namespace: string | null;
  readonly name: string;
  readonly version: string | null;
  readonly qualifiers: Readonly<Record<string, string>>;
  readonly subpath: string | null;
}

export type PurlParse = { readonly ok: true; readonly purl: PackageUrl } | { readonly ok: false; readonly reason: string };

/** Types whose registries do not tell upper from lower case, from purl-spec's type definitions. */
const LOWER_CASE_NAMES = new Set(['alpm', 'apk', 'bitbucket', 'composer', 'deb', 'github', 'golang', 'hex', 'npm', 'oci', 'pypi']);
const LOWER_CASE_NAMESPACES = new Set(['alpm', 'apk', 'bitbucket', 'composer', 'deb', 'github', 'golang', 'hex', 'qpkg', 'rpm']);

export function parsePurl(text: string): PurlParse {
  try {
    return parse(text.trim());
  } catch {
    return no('a percent sign that encodes no UTF-8');
  }
}

function parse(text: string): PurlParse {
  const [beforeSubpath, subpathText] = splitLast(text, '#');
  const [beforeQualifiers, qualifierText] = splitLast(beforeSubpath, '?');
  const scheme = /^pkg:\/*/i.exec(beforeQualifiers)?.[0];
  if (scheme === undefined) return no('does not start with "pkg:"');
  const [typeText = '', ...path] = beforeQualifiers.slice(scheme.length).split('/');
  const type = typeText.toLowerCase();
  if (!/^[a-z][a-z0-9.-]*$/.test(type)) return no(`"${typeText}" is not a package type`);
  const segments = path.filter(segment => segment !== '');
  // An @ before the last segment is part of a scope that somebody did not encode (pkg:npm/@babel/core).
  const [nameText, versionText] = splitLast(segments.pop() ?? '', '@');
  const name = normalName(type, decodeURIComponent(nameText));
  if (name === '') return no('there is no name');
  const namespaceText = segments.map(decodeURIComponent).join('/');
  const namespace = LOWER_CASE_NAMESPACES.has(type) ? namespaceText.toLowerCase() : namespaceText;
  const qualifiers = parseQualifiers(qualifierText ?? '');
  if (typeof qualifiers === 'string') return no(qualifiers);
  const subpath = (subpathText ?? '')
    .split('/')
    .map(decodeURIComponent)
    .filter(segment => !['', '.', '..'].includes(segment))
    .join('/');
  const version = versionText ? decodeURIComponent(versionText) : null;
  return { ok: true, purl: { type, namespace: namespace || null, name, version, qualifiers, subpath: subpath || null } };
}

function parseQualifiers(text: string): Record<string, string> | string {
  const qualifiers: Record<string, string> = {};
  for (const pair of text.split('&').filter(Boolean)) {
    const equals = pair.indexOf('=');
    const key = pair.slice(0, equals).toLowerCase();
    if (equals < 1 || !/^[a-z][a-z0-9._-]*$/.test(key)) return `"${pair}" is not a qualifier`;
    if (Object.hasOwn(qualifiers, key)) return `the qualifier ${key} stands there twice`;
    const value = decodeURIComponent(pair.slice(equals + 1));
    if (value !== '') qualifiers[key] = value;
  }
  return qualifiers;
}

function normalName(type: string, name: string): string {
  const cased = LOWER_CASE_NAMES.has(type) ? name.toLowerCase() : name;
  return type === 'pypi' ? cased.replaceAll('_', '-') : cased;
}

/** The canonical form: qualifiers sorted, everything encoded but letters, digits, `.-_~` and `:`. */
export function buildPurl({ type, namespace, name, version, qualifiers, subpath }: PackageUrl): string {
  const path = [...(namespace?.split('/') ?? []), name].map(encode).join('/');
  const pairs = Object.entries(qualifiers)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encode(value)}`)
    .join('&');
  const tail = `${version === null ? '' : `@${encode(version)}`}${pairs && `?${pairs}`}`;
  return `pkg:${type}/${path}${tail}${subpath === null ? '' : `#${subpath.split('/').map(encode).join('/')}`}`;
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

function no(reason: string): PurlParse {
  return { ok: false, reason };
}
