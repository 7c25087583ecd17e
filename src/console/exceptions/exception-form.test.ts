import { describe, expect, it } from 'vitest';
import { type ExceptionDetailView, exceptions } from '../../api/exceptions.ts';
import { chosenBy, draftOf, exceptionBodyOf, missingInException, newException } from './exception-form.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const whole = {
  ...newException({ vulnerability: 'CVE-2026-1', source: 'openssl', hosts: 'host_1,host_2' }, 'ada', NOW),
  title: 'ERP',
  reason: 'certified',
};

describe('the form of an exception', () => {
  it('begins with what the address says', () => {
    expect(chosenBy(whole)).toEqual({
      kind: 'risk-accepted',
      query: null,
      hostIds: ['host_1', 'host_2'],
      vulnerabilityIds: ['CVE-2026-1'],
      sourceName: 'openssl',
      patchId: null,
    });
    expect(whole.owner).toBe('ada');
  });

  it('says the first thing that is missing, by kind', () => {
    expect(missingInException(whole)).toBeNull();
    expect(missingInException({ ...whole, title: ' ' })).toContain('name');
    expect(missingInException({ ...whole, vulnerabilities: '', sourceName: '' })).toContain('which');
    expect(missingInException({ ...whole, kind: 'operational' })).toContain('patch');
    expect(missingInException({ ...whole, kind: 'not-affected' })).toContain('not affected');
    expect(missingInException({ ...whole, kind: 'mitigated' })).toContain('controls');
    expect(missingInException({ ...whole, kind: 'mitigated', controls: 'WAF rule 7' })).toContain('checked');
    expect(missingInException({ ...whole, until: '' })).toContain('until');
  });

  it('of a draft says what the draft says, and sends it back as it is', () => {
    const draft = {
      ...{ id: 'exc_1', title: 'ERP', kind: 'mitigated', reason: 'certified', owner: 'grace', justification: null },
      ...{ startsAt: '2027-01-01T00:00:00.000Z', endsAt: '2027-02-01T10:30:00.000Z', controls: ['WAF rule 7', 'VLAN 12'] },
      controlsCheckedAt: '2026-11-20T10:00:00.000Z',
      selection: { query: 'env = prod', hostIds: null, vulnerabilityIds: ['CVE-2026-1', 'CVE-2026-2'], sourceName: null, patchId: null },
    } as unknown as ExceptionDetailView;
    const { title, kind, reason, owner, startsAt, endsAt, justification, controls, controlsCheckedAt, selection } = draft;
    expect(exceptionBodyOf(draftOf(draft, NOW), true)).toEqual({
      ...{ title, kind, reason, owner, startsAt, endsAt, justification, controls, controlsCheckedAt, draft: true },
      ...selection,
    });
    expect(draftOf(draft, Date.parse(startsAt)).startsAt).toBeNull();
  });

  it('sends what the contract takes, and only what belongs to its kind', () => {
    const mitigated = { ...whole, kind: 'mitigated', controls: 'WAF rule 7\n\nVLAN 12 ', controlsChecked: '2026-11-20T10:00' } as const;
    for (const draft of [whole, mitigated]) expect(exceptions.exceptionCreate.body.safeParse(exceptionBodyOf(draft)).success).toBe(true);
    expect(exceptionBodyOf(mitigated).controls).toEqual(['WAF rule 7', 'VLAN 12']);
    expect(exceptionBodyOf({ ...mitigated, kind: 'deferred' })).toMatchObject({ controls: [], controlsCheckedAt: null });
  });
});
