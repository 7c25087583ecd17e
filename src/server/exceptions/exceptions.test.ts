import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACCESS } from '../../api/contract.ts';
import { ExceptionJustification, ExceptionKind, ExceptionState, ExceptionVerb } from '../../api/exceptions.ts';
import { EXCEPTION_KINDS, JUSTIFICATIONS } from '../../core/findings/exceptions/kinds.ts';
import { EXCEPTION } from '../../core/findings/exceptions/states.ts';
import { EXCEPTION_VERBS } from '../../core/findings/exceptions/verbs.ts';
import { statesOf } from '../../core/kernel/machine.ts';
import { verifyChain } from '../audit/verify.ts';
import { fixedClaim } from '../fleet/test-fleet.ts';
import { candidateRecord, hostFactsOf, packageRecord } from '../inventory/test-inventory.ts';
import { ExceptionBench } from './test-exceptions.ts';

const OLD = '3.0.20-1~deb12u2';
const FIXED = '3.0.22-1~deb12u2';
const openssl = (version: string) => [packageRecord('openssl', version), packageRecord('libssl3', version, { sourceName: 'openssl' })];
const offer = [candidateRecord('openssl', FIXED), candidateRecord('libssl3', FIXED, { sourceName: 'openssl' })];

it('the contract names exactly the states, verbs, kinds and justifications of core', () => {
  expect([...ExceptionState.options].sort()).toEqual(statesOf(EXCEPTION).sort());
  expect([...ExceptionVerb.options].sort()).toEqual(Object.keys(EXCEPTION_VERBS).sort());
  expect([...ExceptionKind.options].sort()).toEqual([...EXCEPTION_KINDS].sort());
  expect([...ExceptionJustification.options]).toEqual([...JUSTIFICATIONS]);
  for (const verb of Object.values(EXCEPTION_VERBS)) expect(ACCESS).toContain(verb.permission);
});

describe('exceptions over a real fleet', () => {
  let bench: ExceptionBench;
  let [erp1, erp2] = ['', ''];
  const refused = (code: string, text: string) => expect.objectContaining({ code, message: expect.stringContaining(text) });
  const overview = () => bench.fleet.ask('overview');
  const findings = async (query: object) => (await bench.fleet.ask('findingList', { query })).items;

  beforeAll(async () => {
    bench = await ExceptionBench.start();
    [erp1, erp2] = [await bench.fleet.addHost('erp1', { labels: { env: 'prod' } }), await bench.fleet.addHost('erp2')];
    await bench.fleet.database.db.query(`update host set exposure = 'local', criticality = 'normal'`);
    await bench.fleet.loadClaims('debian', [
      fixedClaim('CVE-2026-1', 'openssl', FIXED),
      fixedClaim('CVE-2026-2', 'openssl', FIXED),
      fixedClaim('CVE-2026-3', 'openssl', FIXED),
    ]);
    await bench.fleet.loadEnrichment('nvd', [
      {
        vulnerabilityId: 'CVE-2026-1',
        cvss: [{ source: 'nvd', vector: 'CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N', version: '3.1' }] as never,
      },
    ]);
    for (const [name, id] of [
      ['erp1', erp1],
      ['erp2', erp2],
    ] as const)
      await bench.fleet.report(id, hostFactsOf(name), openssl(OLD), offer);
  });
  afterAll(() => bench.close());

  it('is asked for, approved by somebody else, and stands beside its findings; gross stays, net falls', async () => {
    const gross = (await overview()).findingsByDue.reduce((sum, one) => sum + one.count, 0);
    const asked = await bench.ask({ vulnerabilityIds: ['CVE-2026-1'], query: 'name = "erp1"' });
    expect(asked).toMatchObject({ state: 'requested', about: 'CVE-2026-1 in openssl on erp1', requestedBy: 'ada', openFindings: 1 });
    expect(asked.verbs.find(one => one.verb === 'approve')?.disabledReason).toContain('exception.approve');
    expect((await overview()).next.map(step => step.kind)).toContain('exception-request');
    expect((await findings({ vulnerability: 'CVE-2026-1' })).map(one => one.exception)).toEqual([null, null]);

    await expect(bench.act(asked.id, 'approve', bench.grace, { scopeHash: 'f'.repeat(64) })).rejects.toEqual(
      refused('scope-changed', 'changed'),
    );
    const granted = await bench.act(asked.id, 'approve', bench.grace);
    expect(granted).toMatchObject({ state: 'active', approvedBy: 'grace', selfApproved: false, inForce: true });
    expect(granted.scope.hosts).toEqual([{ id: erp1, name: 'erp1' }]);
    expect(granted.events.map(event => event.event)).toEqual(['create', 'submit', 'approve', 'activate']);

    const [on1, on2] = await findings({ vulnerability: 'CVE-2026-1', sort: 'hostName' });
    expect(on1).toMatchObject({
      hostName: 'erp1',
      exception: { id: granted.id, kind: 'risk-accepted', owner: 'grace', approvedBy: 'grace', excuses: true },
    });
    expect(on2).toMatchObject({ hostName: 'erp2', exception: null });
    const after = await overview();
    expect(after.findingsByDue.reduce((sum, one) => sum + one.count, 0)).toBe(gross);
    expect(after.exceptions).toMatchObject({ inForce: 1, excused: 1 });
    const excepted = after.exceptions.excusedByState.filter(band => band.count > 0);
    expect(excepted).toEqual([{ label: on1!.state, count: 1 }]);
    const net = async (id: string) => {
      const { host, excused } = await bench.fleet.ask('hostGet', { params: { id } });
      return [host.openFindings - excused.findings, host.overdue - excused.overdue];
    };
    const overdueOn = async (host: string) =>
      (await findings({ host, due: 'overdue' })).filter(one => one.exception?.excuses !== true).length;
    for (const id of [erp1, erp2])
      expect(await net(id)).toEqual([(await findings({ host: id })).filter(one => !one.exception?.excuses).length, await overdueOn(id)]);
    expect((await bench.fleet.ask('hostGet', { params: { id: erp1 } })).excused).toEqual({ findings: 1, overdue: 0, knownExploited: 0 });
    expect((await findings({ exception: 'any' })).map(one => `${one.hostName} ${one.vulnerabilityId}`)).toEqual(['erp1 CVE-2026-1']);
    expect(await findings({ exception: 'excused' })).toHaveLength(after.exceptions.excused);
    expect((await bench.fleet.csv('findingExport', { vulnerability: 'CVE-2026-1' })).join('\n')).toContain(
      'risk-accepted: the vendor certifies',
    );
  });

  it('is never approved by whoever asked, by a token, or beside another one', async () => {
    const own = await bench.ask({ vulnerabilityIds: ['CVE-2026-2'] }, bench.grace);
    await expect(bench.act(own.id, 'approve', bench.grace)).rejects.toEqual(refused('not-allowed-now', 'you have asked for it yourself'));
    const token = { ...bench.linus, viaToken: true } as typeof bench.linus;
    await expect(bench.act(own.id, 'approve', token)).rejects.toEqual(refused('not-allowed-now', 'API token'));
    await bench.act(own.id, 'withdraw', bench.grace);
    const second = await bench.ask({ vulnerabilityIds: ['CVE-2026-1'] });
    await expect(bench.act(second.id, 'approve', bench.linus)).rejects.toEqual(
      refused('not-allowed-now', 'covers CVE-2026-1 in openssl already'),
    );
    await bench.act(second.id, 'reject', bench.linus);
    expect((await bench.get(second.id)).state).toBe('rejected');
  });

  it('two people who approve the same findings at once: one of them is told', async () => {
    const [a, b] = [await bench.ask({ vulnerabilityIds: ['CVE-2026-2'] }), await bench.ask({ vulnerabilityIds: ['CVE-2026-2'] })];
    const outcomes = await Promise.allSettled([bench.act(a.id, 'approve', bench.grace), bench.act(b.id, 'approve', bench.linus)]);
    expect(outcomes.map(one => one.status).sort()).toEqual(['fulfilled', 'rejected']);
    for (const { id } of [a, b]) await bench.act(id, (await bench.get(id)).state === 'active' ? 'revoke' : 'reject', bench.grace);
  });

  it('says at once what is wrong with a request', async () => {
    await expect(bench.ask({ vulnerabilityIds: ['CVE-2026-9'] })).rejects.toMatchObject({ fields: [{ path: 'body/vulnerabilityIds' }] });
    await expect(bench.ask({})).rejects.toMatchObject({ fields: [{ path: 'body/vulnerabilityIds' }] });
    await expect(bench.ask({ vulnerabilityIds: ['CVE-2026-2'], endsAt: bench.inDays(400) })).rejects.toMatchObject({
      fields: [{ path: 'body/endsAt' }],
    });
    await expect(bench.ask({ vulnerabilityIds: ['CVE-2026-2'], owner: 'nobody' })).rejects.toMatchObject({
      fields: [{ path: 'body/owner' }],
    });
    await expect(bench.ask({ vulnerabilityIds: ['CVE-2026-2'], kind: 'mitigated' })).rejects.toMatchObject({
      fields: [{ path: 'body/controls' }],
    });
    await expect(bench.ask({ vulnerabilityIds: ['CVE-2026-2'], query: 'name = ' })).rejects.toMatchObject({
      fields: [{ path: 'body/query' }],
    });
  });

  it('reminds, is renewed by the next of its chain, and ends by the clock', async () => {
    const first = (await bench.list()).items[0]!;
    bench.fleet.clock.advanceDays(31);
    await bench.exceptions.sweepOnce();
    expect(await bench.get(first.id)).toMatchObject({ state: 'expiring', stateReason: 'it ends within 30 days' });
    expect(await bench.exceptions.sweepOnce()).toBe(0);
    expect((await overview()).next.map(step => step.kind)).toContain('exception-expiring');

    const next = await bench.act(first.id, 'renew', bench.ada, { endsAt: bench.inDays(90) });
    expect(next).toMatchObject({ state: 'requested', renewals: 1, about: 'CVE-2026-1 in openssl on erp1' });
    await expect(bench.act(first.id, 'renew', bench.ada, { endsAt: bench.inDays(90) })).rejects.toEqual(
      refused('not-allowed-now', 'asked for already'),
    );
    await bench.act(next.id, 'approve', bench.linus);
    expect(await bench.get(first.id)).toMatchObject({ state: 'renewed' });
    const renewed = await bench.get(next.id);
    expect(renewed.chain.map(one => one.state)).toEqual(['renewed', 'active']);

    bench.fleet.clock.advanceDays(89);
    await bench.exceptions.sweepOnce();
    expect((await bench.get(next.id)).stateReason).toBe('it ends within a day');
    bench.fleet.clock.advanceDays(2);
    // The end counts before the sweep has seen it.
    expect((await findings({ vulnerability: 'CVE-2026-1' })).map(one => one.exception)).toEqual([null, null]);
    await bench.exceptions.sweepOnce();
    expect(await bench.get(next.id)).toMatchObject({ state: 'expired', openFindings: 1 });

    const again = await bench.ask({ vulnerabilityIds: ['CVE-2026-1'], query: 'name = "erp1"' });
    expect(again).toMatchObject({ renewals: 2 });
    const third = await bench.act((await bench.act(again.id, 'approve', bench.grace)).id, 'renew', bench.ada, { endsAt: bench.inDays(60) });
    const once = await bench.act(third.id, 'approve', bench.grace);
    expect(once).toMatchObject({ state: 'under-review', approvalsNeeded: 2 });
    await expect(bench.act(third.id, 'approve', bench.grace)).rejects.toEqual(refused('not-allowed-now', 'two risk owners'));
    expect(await bench.act(third.id, 'approve', bench.linus)).toMatchObject({ state: 'active', renewals: 3 });
    await bench.act(third.id, 'revoke', bench.grace);
  });

  it('is a question again when CISA lists the vulnerability, and excuses nothing meanwhile', async () => {
    const one = await bench.granted({ vulnerabilityIds: ['CVE-2026-3'], endsAt: bench.inDays(60) });
    expect((await overview()).exceptions.excused).toBe(2);
    await bench.fleet.loadEnrichment('kev', [{ vulnerabilityId: 'CVE-2026-3', kev: { addedOn: '2026-11-22' } as never }]);
    await bench.exceptions.sweepOnce();
    expect(await bench.get(one.id)).toMatchObject({
      state: 'under-review',
      stateReason: 'CVE-2026-3 is known to be exploited now',
      approvals: [],
    });
    expect((await overview()).exceptions.excused).toBe(0);
    expect((await overview()).next.find(step => step.kind === 'exception-reopened')).toMatchObject({ urgency: 'now' });
    // Known exploited: thirty days from now at most, and it asks for more.
    const verb = (await bench.get(one.id, bench.linus)).verbs.find(({ verb }) => verb === 'approve');
    expect(verb?.disabledReason).toContain('it may last');
    await bench.act(one.id, 'reject', bench.linus);
    await bench.fleet.loadEnrichment('kev', []);
  });

  it('covers no host that comes later, holds no host that it does not know as closed, and resolves with the last finding', async () => {
    const one = await bench.granted({ vulnerabilityIds: ['CVE-2026-2'], endsAt: bench.inDays(45) });
    const erp3 = await bench.fleet.addHost('erp3');
    await bench.fleet.report(erp3, hostFactsOf('erp3'), openssl(OLD), offer);
    expect((await findings({ vulnerability: 'CVE-2026-2', sort: 'hostName' })).map(f => f.exception?.id ?? null)).toEqual([
      one.id,
      one.id,
      null,
    ]);
    await bench.fleet.report(erp1, hostFactsOf('erp1'), openssl(FIXED), []);
    await bench.exceptions.sweepOnce();
    expect(await bench.get(one.id)).toMatchObject({ state: 'active', openFindings: 1 });
    await bench.fleet.report(erp2, hostFactsOf('erp2'), openssl(FIXED), []);
    await bench.exceptions.sweepOnce();
    expect(await bench.get(one.id)).toMatchObject({ state: 'resolved', openFindings: 0 });
  });

  it('publishes what it has granted as not affected, for the host and, when it holds for all, for the package', async () => {
    type Vex = { statements: { vulnerability: { name: string }; status: string; justification?: string; status_notes?: string }[] };
    const vex = async (query: object) => {
      let text = '';
      for await (const chunk of (await bench.fleet.ask('findingVex', { query })) as AsyncIterable<string>) text += chunk;
      const { statements } = JSON.parse(text) as Vex;
      return statements.filter(one => one.vulnerability.name === 'CVE-2026-2').map(one => [one.status, one.justification ?? null]);
    };
    await bench.fleet.report(erp1, hostFactsOf('erp1'), openssl(OLD), offer);
    const asked = {
      kind: 'not-affected',
      justification: 'vulnerable_code_cannot_be_controlled_by_adversary',
      vulnerabilityIds: ['CVE-2026-2'],
    } as const;
    const own = await bench.granted({ ...asked, vulnerabilityIds: ['CVE-2026-2'], query: 'name = "erp1"', endsAt: bench.inDays(45) });
    const notAffected = ['not_affected', 'vulnerable_code_cannot_be_controlled_by_adversary'];
    expect(await vex({ format: 'openvex', host: 'erp1' })).toEqual([notAffected]);
    expect(await vex({ format: 'openvex' })).toEqual([['affected', null]]);
    const rest = await bench.granted({ ...asked, vulnerabilityIds: ['CVE-2026-2'], query: 'name != "erp1"', endsAt: bench.inDays(45) });
    expect(await vex({ format: 'openvex' })).toEqual([notAffected]);
    for (const { id } of [own, rest]) await bench.act(id, 'revoke', bench.grace);
    await bench.fleet.report(erp1, hostFactsOf('erp1'), openssl(FIXED), []);
  });

  it('a hold is of hosts that need the patch; it excuses nothing and ends when none needs it', async () => {
    const patch = (await bench.fleet.ask('patchList')).items.find(one => one.sourceName === 'openssl')!;
    await expect(bench.ask({ kind: 'operational', patchId: patch.id, endsAt: bench.inDays(31) })).rejects.toMatchObject({
      fields: [{ path: 'body/endsAt' }],
    });
    const one = await bench.granted({ kind: 'operational', patchId: patch.id, endsAt: bench.inDays(20) });
    expect(one).toMatchObject({ excuses: false, about: `openssl ${FIXED} on erp3`, inForce: true });
    expect((await overview()).exceptions.excused).toBe(0);
    expect(await findings({ exception: 'excused' })).toEqual([]);
    expect(await findings({ exception: 'any' })).not.toEqual([]);
    expect((await findings({ vulnerability: 'CVE-2026-2' }))[0]).toMatchObject({
      hostName: 'erp3',
      exception: { kind: 'operational', excuses: false },
    });
    // An excuse for the same finding answers another question, and is what stands beside it.
    const excuse = await bench.granted({ vulnerabilityIds: ['CVE-2026-2'], endsAt: bench.inDays(45) });
    expect((await findings({ vulnerability: 'CVE-2026-2' }))[0]!.exception!.id).toBe(excuse.id);
    await bench.act(excuse.id, 'revoke', bench.grace);
    const erp3 = one.scope.hosts[0]!.id;
    await bench.fleet.report(erp3, hostFactsOf('erp3'), openssl(FIXED), []);
    await bench.exceptions.sweepOnce();
    expect((await bench.get(one.id)).state).toBe('resolved');
    await bench.fleet.report(erp3, hostFactsOf('erp3'), openssl(OLD), offer);
  });

  it('reopens when its owner has gone', async () => {
    const one = await bench.granted({ vulnerabilityIds: ['CVE-2026-2'], owner: 'linus', endsAt: bench.inDays(30) });
    await bench.fleet.database.db.query(`update person set disabled = true where login = 'linus'`);
    await bench.exceptions.sweepOnce();
    expect(await bench.get(one.id)).toMatchObject({ state: 'under-review', stateReason: 'its owner is not there any more' });
    await bench.act(one.id, 'reject', bench.grace);
    await bench.fleet.database.db.query(`update person set disabled = false where login = 'linus'`);
  });

  it('one risk owner may decide alone, and it says so', async () => {
    await bench.fleet.database.db.query(`update person set disabled = true where login = 'linus'`);
    const own = await bench.ask({ vulnerabilityIds: ['CVE-2026-2'], endsAt: bench.inDays(30) }, bench.grace);
    expect(await bench.act(own.id, 'approve', bench.grace)).toMatchObject({ inForce: true, selfApproved: true });
    await bench.act(own.id, 'revoke', bench.grace);
    await bench.fleet.database.db.query(`update person set disabled = false where login = 'linus'`);
  });

  it('leaves a whole audit trail and a history without holes', async () => {
    expect((await verifyChain(bench.fleet.database.db)).brokenAt).toBeNull();
    const holes = await bench.fleet.database.db.query(
      `select e.id from exception e join lateral (select count(*) as n, max(sequence) as last from exception_event where exception_id = e.id) h on true where h.n <> h.last or h.n = 0`,
    );
    expect(holes).toEqual([]);
    const unaudited = await bench.fleet.database.db.query(
      `select exception_id, event from exception_event x where not exists (select from audit_entry a where a.subject = x.exception_id and a.action = 'exception.' || x.event and a.at = x.at)`,
    );
    expect(unaudited).toEqual([]);
  });

  it('the table itself refuses an approval by the requester', async () => {
    const one = await bench.ask({ vulnerabilityIds: ['CVE-2026-2'], endsAt: bench.inDays(30) });
    await expect(
      bench.fleet.database.db.query('update exception set approved_by_id = requested_by_id where id = $1', [one.id]),
    ).rejects.toThrow(/check/);
  });
});
