import { describe, expect, it } from 'vitest';
import { jsonEntriesReader } from './json-entries.ts';
import { BadRecord } from './records.ts';
import { judgeFeed } from './spec.ts';
import { jsonLinesReader } from './text-reader.ts';

const bytes = (text: string) => Buffer.from(text);

describe('jsonLinesReader', () => {
  const reader = () =>
    jsonLinesReader({
      record: (value, number, into) => into.add({ kind: 'quarantined', record: String(number), reason: JSON.stringify(value) }),
    });
  const lines = (...chunks: readonly (string | Uint8Array)[]) => {
    const one = reader();
    return [...chunks.flatMap(chunk => one.push(typeof chunk === 'string' ? bytes(chunk) : chunk)), ...one.end()].map(item =>
      item.kind === 'quarantined' ? `${item.record} ${item.reason}` : '',
    );
  };

  it('reads lines across chunks, with either line end, and a last one without', () => {
    expect(lines('{"a":', '1}\r\n{"b"', ':2}\n\n', '3')).toEqual(['1 {"a":1}', '2 {"b":2}', '4 3']);
  });

  it('puts aside the one line that is not UTF-8', () => {
    expect(lines(Buffer.concat([bytes('{"a":1}\n"'), Buffer.from([0xff]), bytes('"\n{"b":2}\n')]))).toEqual([
      '1 {"a":1}',
      'line 2 the line is not UTF-8 text',
      '3 {"b":2}',
    ]);
  });

  it('tells a cut last line from a bad one', () => {
    expect(() => lines('{"a":1}\n{"b"')).toThrow(expect.objectContaining({ code: 'feed-truncated' }));
    expect(lines('{"a":1}\n{"b"\n')).toEqual(['1 {"a":1}', 'line 2 the line is not JSON']);
  });

  it('does not keep control characters of a feed in its messages', () => {
    const one = jsonLinesReader({
      record: () => {
        throw new BadRecord('no');
      },
    });
    expect(one.push(bytes('{"id":"a\\u001b[31mb"}\n'))).toEqual([{ kind: 'quarantined', record: 'line 1 (a?[31mb)', reason: 'no' }]);
  });
});

describe('jsonEntriesReader', () => {
  const entries = (text: string | Uint8Array, open: readonly string[] = [], chunk = 3) => {
    const found: unknown[] = [];
    const one = jsonEntriesReader({ open, entry: ({ container, key }, value) => found.push([container, key, value]) });
    const raw = typeof text === 'string' ? bytes(text) : text;
    const items = [];
    for (let at = 0; at < raw.length; at += chunk) items.push(...one.push(raw.subarray(at, at + chunk)));
    items.push(...one.end());
    return { found, items };
  };

  it('cuts the members of an object, of an array and of the containers to open', () => {
    expect(entries('{"a": {"x":[1,"}"]}, "b\\"": null , "c":[ ]}').found).toEqual([
      ['', 'a', { x: [1, '}'] }],
      ['', 'b"', null],
      ['', 'c', []],
    ]);
    expect(entries('[1, {"a":"\\\\"}, [2]]').found).toEqual([
      ['', '0', 1],
      ['', '1', { a: '\\' }],
      ['', '2', [2]],
    ]);
    expect(entries('{"v":"1","list":[{"id":1},{"id":2}],"map":{"k":{"list":[3]}},"end":true}', ['list', 'map']).found).toEqual([
      ['', 'v', '1'],
      ['list', '0', { id: 1 }],
      ['list', '1', { id: 2 }],
      ['map', 'k', { list: [3] }],
      ['', 'end', true],
    ]);
    expect(entries('{}').found).toEqual([]);
    expect(entries('{"list":[]}', ['list']).found).toEqual([]);
  });

  it('is the same whatever the chunks', () => {
    const text = '{"v":"1","list":[{"id":"é\\u00e9"},{"id":[{"deep":{}}]}],"z":-1.5e3}';
    for (const chunk of [1, 2, 5, 1000]) expect(entries(text, ['list'], chunk).found).toEqual(entries(text, ['list'], 7).found);
  });

  it('a bad record costs itself', () => {
    const { found, items } = entries('{"a":{"x":tru},"b":1,"c":"x\ty"}');
    expect(found).toEqual([['', 'b', 1]]);
    expect(items).toEqual([
      { kind: 'quarantined', record: 'a', reason: 'the record is not JSON' },
      { kind: 'quarantined', record: 'c', reason: 'the record is not JSON' },
    ]);
    const latin1 = Buffer.from('{"a":"\xe9","b":1}', 'latin1');
    expect(entries(latin1).items).toMatchObject([{ record: 'a', reason: 'the record is not UTF-8 text' }]);
  });

  it('tells cut, overlong and too deep documents', () => {
    for (const cut of ['{"a":1', '{"a":"x', '[', '', '{"a":[1}'])
      expect(() => entries(cut), cut).toThrow(expect.objectContaining({ code: expect.stringMatching(/^feed-(truncated|unreadable)$/) }));
    expect(() => entries(`{"a":${'['.repeat(300)}${']'.repeat(300)}}`)).toThrow(/nests deeper/);
    for (const more of ['}', ' garbage', '{"b":2}', '\n]'])
      expect(() => entries(`{"a":1}${more}`), more).toThrow(/follows the end of the JSON/);
    expect(entries('{"a":1} \r\n').found).toHaveLength(1);
    expect(() => entries(']')).toThrow(/never opened/);
  });
});

describe('judgeFeed', () => {
  it.each([
    [null, 10, 0, true],
    [null, 0, 0, false],
    [null, 0, 3, false],
    [100, 71, 0, true],
    [100, 69, 0, false],
    [100, 0, 0, false],
    [100, 500, 0, true],
    [null, 5, 6, false],
    [null, 6, 5, true],
  ])('from %s to %s records with %s put aside -> accept %s', (previous, next, quarantined, accept) => {
    expect(judgeFeed(previous, next, quarantined).accept).toBe(accept);
  });

  it('says why', () => {
    expect(judgeFeed(1000, 12)).toEqual({
      accept: false,
      hasShrunk: true,
      reason: 'the feed has shrunk from 1000 to 12 records (99 % fewer): the last good one stays in force',
    });
  });
});
