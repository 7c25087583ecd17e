import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ROLES } from '../../api/access.ts';
import { isSinglePerson, type PersonFacts } from './single-person.ts';

const ada: PersonFacts = { id: 'ada', roles: ['administrator', 'planner', 'approver', 'operator'], disabled: false };
const bob = (more: Partial<PersonFacts>): PersonFacts => ({ id: 'bob', roles: ['viewer'], disabled: false, ...more });

describe('the single-person rule', () => {
  it.each([
    ['alone', [ada], true],
    ['with a viewer', [ada, bob({})], true],
    ['with an administrator, who cannot approve', [ada, bob({ roles: ['administrator'] })], true],
    ['with a second approver', [ada, bob({ roles: ['approver'] })], false],
    ['with a disabled second approver', [ada, bob({ roles: ['approver'], disabled: true })], true],
  ])('%s', (_what, people, expected) => {
    expect(isSinglePerson('ada', people)).toBe(expected);
  });

  it('never holds for two people at once when both can approve', () => {
    const person = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), roles: fc.subarray([...ROLES]), disabled: fc.boolean() });
    fc.assert(
      fc.property(fc.uniqueArray(person, { selector: one => one.id }), people => {
        const alone = people.filter(one => !one.disabled && one.roles.includes('approver') && isSinglePerson(one.id, people));
        return alone.length <= 1;
      }),
    );
  });
});
