import { describe, expect, it } from 'vitest';
import { BY_HAND, originWords, trustedAuthors } from './trusted-authors.ts';

const from = (url: string | null, more: Partial<typeof BY_HAND> = {}) => ({ ...BY_HAND, url, ...more });

describe('whose exploitability statements count', () => {
  const RED_HAT = 'Red Hat Product Security';
  it.each([
    ['from its own domain', from('https://security.access.redhat.com/data/csaf/v2/vex/x.json'), true],
    ['from a domain that only ends alike', from('https://notredhat.com/vex.json'), false],
    ['from a domain that begins alike', from('https://redhat.com.example.org/vex.json'), false],
    ['from a stranger', from('https://vex.example.org/redhat.json'), false],
    [
      'from a stranger, with the verified signature of the key that was put down',
      from('https://mirror.example/x', { signedBy: 'AB12' }),
      true,
    ],
    ['handed over by a person', BY_HAND, true],
    ['in a bundle, as its maker fetched it from the publisher', from('https://access.redhat.com/x', { bundleKeyId: 'k1' }), true],
    ['in a bundle, from a stranger', from('https://vex.example.org/x', { bundleKeyId: 'k1' }), false],
  ])("a distribution's name %s: %s", (_, origin, expected) => expect(trustedAuthors([], origin).has(RED_HAT)).toBe(expected));

  it.each([
    ['Acme', from('https://anywhere.example/x'), true],
    ['Acme @ https://vex.acme.example/team', from('https://vex.acme.example/team/a.json'), true],
    ['Acme @ https://vex.acme.example/team/', from('https://vex.acme.example/team'), true],
    ['Acme @ https://vex.acme.example/team', from('https://vex.acme.example/teammates/a.json'), false],
    ['Acme @ https://vex.acme.example', from('https://vex.acme.example.evil.org/a.json'), false],
    ['Acme @ https://vex.acme.example', from('http://vex.acme.example/a.json'), false],
    ['Acme @ https://vex.acme.example', BY_HAND, false],
    ['Acme @ bundle:ABCD', from(null, { bundleKeyId: 'abcd' }), true],
    ['Acme @ bundle:ABCD', from(null, { bundleKeyId: 'ef01' }), false],
    ['Acme @ key:ABCD', from('https://x.example/', { signedBy: 'ABCD' }), true],
    ['Acme @ key:ABCD', from('https://x.example/'), false],
  ])('%s, document %j: %s', (entry, origin, expected) => expect(trustedAuthors([entry], origin).has('Acme')).toBe(expected));

  it('a name may hold an @ of its own', () => expect(trustedAuthors(['team @ acme.example']).has('team @ acme.example')).toBe(true));
  it('says where a document came from', () =>
    expect([BY_HAND, from('https://x.example/'), from(null, { signedBy: 'AB' })].map(originWords)).toEqual([
      'handed over as a file',
      'from https://x.example/',
      'signed with AB',
    ]));
});
