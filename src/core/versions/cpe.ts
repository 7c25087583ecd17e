import { MAX_CPE_CHARS } from '../kernel/limits.ts';

/**
 * CPE names (NISTIR 7695): the formatted string `cpe:2.3:a:vendor:product:version:update:...` and the older URI `cpe:/a:vendor:product:version`.
 * Attributes are in lower case and without their escapes; `*` is ANY and `-` NA, both logical values, never text: quoted and alone these keep their backslash.
 */
export interface Cpe {
  /** `a` application, `o` operating system, `h` hardware. */
  readonly part: string;
  readonly vendor: string;
  readonly product: string;
  readonly version: string;
  readonly update: string;
  readonly edition: string;
  readonly language: string;
  readonly swEdition: string;
  readonly targetSw: string;
  readonly targetHw: string;
  readonly other: string;
}

export const ANY = '*';
export const NA = '-';
/** What an unquoted `?` and `*` within a value become, so that they are not the quoted ones: the bytes that the URI encodes them as (NISTIR 7695, 6.1.2.1.2). */
const ONE = '\u0001';
const MANY = '\u0002';

type CpeParse = { readonly ok: true; readonly cpe: Cpe } | { readonly ok: false; readonly reason: string };

export function parseCpe(text: string): CpeParse {
  const trimmed = text.trim();
  if (trimmed.length > MAX_CPE_CHARS) return no(`longer than ${MAX_CPE_CHARS} characters`);
  if (/^cpe:2\.3:/i.test(trimmed)) return ofFormatted(trimmed.slice('cpe:2.3:'.length));
  if (/^cpe:\//i.test(trimmed)) return ofUri(trimmed.slice('cpe:/'.length));
  return no('it begins neither with "cpe:2.3:" nor with "cpe:/"');
}

/** Up to a colon that is not quoted; one match for each field, empty ones included. */
const FIELD = /(?<=^|:)(?:\\.|[^:\\])*(?=:|$)/gs;
const FIELDS = 11;
const URI_FIELDS = 7;

function ofFormatted(text: string): CpeParse {
  const fields = text.match(FIELD) ?? [];
  // A field that is none is passed over by the pattern, and what is not stated would be ANY.
  if (fields.join(':').length !== text.length) return no('a backslash at its end quotes nothing');
  return ofFields(fields, unquoted);
}

function ofFields(fields: readonly string[], decode: (field: string) => string): CpeParse {
  if (fields.length < 3) return no('it names no vendor and product');
  if (fields.length > FIELDS) return no(`it has more than ${FIELDS} fields`);
  const [part, vendor, product, version, update, edition, language, swEdition, targetSw, targetHw, other] = Array.from(
    { length: FIELDS },
    (_, at) => decode(fields[at] ?? ''),
  ) as [string, string, string, string, string, string, string, string, string, string, string];
  if (!/^[aoh*]$/.test(part)) return no(`"${part}" is no part (a, o or h)`);
  return { ok: true, cpe: { part, vendor, product, version, update, edition, language, swEdition, targetSw, targetHw, other } };
}

/** Tools leave out what they do not state: that is ANY. */
function unquoted(field: string): string {
  if (field === '' || field === ANY) return ANY;
  if (field === NA) return NA;
  return asText(field.toLowerCase().replace(/\\(.)|[?*]/gs, (whole, quoted?: string) => quoted ?? (whole === '*' ? MANY : ONE)));
}

function asText(value: string): string {
  return isStated(value) ? value : `\\${value}`;
}

function ofUri(text: string): CpeParse {
  const fields = text.split(':');
  if (fields.length > URI_FIELDS) return no(`it has more than ${URI_FIELDS} fields`);
  // The edition may carry five attributes at once: ~edition~sw_edition~target_sw~target_hw~other (NISTIR 7695, 6.1.2.1.3).
  const packed = fields[5]?.startsWith('~') ? fields[5].slice(1).split('~') : null;
  const [edition = '', ...rest] = packed ?? [fields[5] ?? ''];
  try {
    return ofFields([...Array.from({ length: 5 }, (_, at) => fields[at] ?? ''), edition, fields[6] ?? '', ...rest], fromUri);
  } catch {
    return no('a percent sign that encodes no UTF-8');
  }
}

function fromUri(field: string): string {
  if (field === '' || field === ANY) return ANY;
  return field === NA ? NA : asText(decodeURIComponent(field).toLowerCase());
}

/** `vendor:product`, by which claims are found; null where either is not a name, for then nothing but a guess would find any. */
export function productOf({ vendor, product }: Cpe): string | null {
  return isName(vendor) && isName(product) ? `${quotedColons(vendor)}:${quotedColons(product)}` : null;
}

function isName(value: string): boolean {
  return value !== ANY && value !== NA && !hasWildcard(value) && !/[\s\u0000-\u001f\u007f]/.test(value);
}

function quotedColons(name: string): string {
  return name.replace(/[\\:]/g, '\\$&');
}

/** True for a value, as against ANY and NA. */
export function isStated(value: string): boolean {
  return value !== ANY && value !== NA;
}

export function hasWildcard(value: string): boolean {
  return value.includes(ONE) || value.includes(MANY);
}

/** A value in words for people, with its wildcards as they are written. */
export function readableValue(value: string): string {
  return value.replaceAll(ONE, '?').replaceAll(MANY, '*');
}

/** Whether a value with unquoted wildcards names this one: `*` is any text, `?` one character or none (NISTIR 7696, 6.3). */
export function namesByWildcard(pattern: string, value: string): boolean {
  // Rows of the usual dynamic programme: a pattern of many stars costs its length times the value's, and no more.
  let reached = Array.from({ length: value.length + 1 }, (_, at) => at === 0);
  for (const sign of pattern) {
    let isReachedBefore = false;
    const next = reached.map((here, at) => {
      isReachedBefore ||= here;
      if (sign === MANY) return isReachedBefore;
      const before = at > 0 && reached[at - 1]!;
      return sign === ONE ? here || before : before && value[at - 1] === sign;
    });
    reached = next;
  }
  return reached[value.length]!;
}

function no(reason: string): CpeParse {
  return { ok: false, reason };
}
