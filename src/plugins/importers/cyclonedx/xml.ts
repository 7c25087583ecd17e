import type { Component } from './index.ts';

export function isCycloneDxXml(text: string): boolean {
  return /^\s*</.test(text) && /<(?:[\w.-]+:)?bom\s[^>]*cyclonedx\.org\/schema\/bom/.test(text.slice(0, 4000));
}

/** Where components stand that the document is not about: the tools that wrote it, what somebody says of it. */
const NOT_INVENTORY: ReadonlySet<string> = new Set(['tools', 'services', 'formulation', 'annotations', 'declarations', 'pedigree']);
const KEPT: ReadonlySet<string> = new Set(['name', 'version', 'purl', 'cpe']);

const MAX_OPEN_ELEMENTS = 200;

/** The fields of JSON's components that are read there too. Nested ones come as well, after those that hold them. */
export function componentsOfXml(text: string): Component[] {
  const components: Component[] = [];
  const open: OpenElement[] = [];
  for (const { element, attributes, closes, isEmpty, textBefore } of tagsOf(text)) {
    if (closes) {
      const closed = open.findLastIndex(one => one.element === element);
      const holder = open[closed - 1]?.component ?? open[closed - 2]?.component;
      const { property } = open[closed] ?? { property: null };
      if (holder && property !== null) (holder.properties as object[]).push({ name: property, value: textBefore });
      else if (holder && KEPT.has(element) && open[closed - 1]?.element === 'component') holder[element] = textBefore;
      if (closed >= 0) open.length = closed;
      continue;
    }
    const isInventory = open.at(-1)?.isInventory !== false && !NOT_INVENTORY.has(element);
    const component = element === 'component' && isInventory ? { type: attributes.get('type'), properties: [] } : null;
    if (component !== null) components.push(component);
    // No document nests so deep; without an end each element would be searched in all that hold it.
    if (!isEmpty && open.length < MAX_OPEN_ELEMENTS)
      open.push({ element, isInventory, component, property: element === 'property' ? (attributes.get('name') ?? '') : null });
  }
  return components;
}

interface OpenElement {
  readonly element: string;
  readonly isInventory: boolean;
  readonly component: Record<string, unknown> | null;
  readonly property: string | null;
}

interface Tag {
  /** Without its namespace prefix. */
  readonly element: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly closes: boolean;
  readonly isEmpty: boolean;
  readonly textBefore: string;
}

/** Declarations are stepped over and entities of a document's own are not read: nothing can be made to grow. */
function* tagsOf(text: string): Iterable<Tag> {
  let textBefore = '';
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at)) {
    const special = SPECIAL.find(([opening]) => text.startsWith(opening, at));
    const [opening, closing] = special ?? ['<', '>'];
    const end = text.indexOf(closing, at + opening.length);
    if (end < 0) return;
    const content = text.slice(at + opening.length, end);
    at = end + closing.length;
    const next = text.indexOf('<', at);
    const following = decoded(text.slice(at, next < 0 ? undefined : next));
    if (special !== undefined) {
      textBefore += (opening === '<![CDATA[' ? content : '') + following.trim();
      continue;
    }
    const tag = /^(\/?)(?:[\w.-]+:)?([\w.-]+)/.exec(content);
    if (tag)
      yield {
        element: tag[2]!,
        attributes: new Map(
          Array.from(content.matchAll(/([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g), ([, name, a, b]) => [name!, decoded(a ?? b!)]),
        ),
        closes: tag[1] === '/',
        isEmpty: content.endsWith('/'),
        textBefore: textBefore.trim(),
      };
    textBefore = following;
  }
}

const SPECIAL = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
  ['<!', '>'],
] as const;

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decoded(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (whole, decimal?: string, hexadecimal?: string, name?: string) => {
    if (name !== undefined) return (Object.hasOwn(ENTITIES, name) && ENTITIES[name]) || whole;
    const code = decimal === undefined ? Number.parseInt(hexadecimal!, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
