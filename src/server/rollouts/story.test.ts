import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ada, grace, Story, token } from './test-story.ts';

describe('a rollout over a real database', () => {
  let story: Story;
  beforeEach(async () => {
    story = await Story.begin(4);
  });
  afterEach(() => story.end());

  it('goes from draft to proof: canary, gate, rest', async () => {
    const id = await story.plan();
    const planned = await story.get(id);
    expect(planned.rollout).toMatchObject({ state: 'planned', hosts: 4 });
    expect(planned.plan!.rings.map(ring => ring.hosts.map(host => [host.hostName, host.rehearsed]))).toEqual([
      [['h1', 'on-host']],
      [
        ['h2', 'on-host'],
        ['h3', 'on-host'],
        ['h4', 'on-host'],
      ],
    ]);
    expect(planned.plan!.closesVulnerabilities).toBe(1);
    expect(story.hosts.every(host => host.applied === 0)).toBe(true);
    await story.act(id, 'request-approval');
    expect(await story.refused(story.act(id, 'approve', ada, { planHash: planned.rollout.planHash! }))).toMatch(/somebody else/);
    expect(await story.refused(story.act(id, 'approve', token, { planHash: planned.rollout.planHash! }))).toMatch(/permission|token/);
    expect(await story.refused(story.act(id, 'approve', grace, { planHash: '0'.repeat(64) }))).toMatch(/not the plan/);
    expect(await story.refused(story.act(id, 'start'))).toMatch(/approved first/);
    const approved = await story.act(id, 'approve', grace, { planHash: planned.rollout.planHash! });
    expect(approved.rollout).toMatchObject({ state: 'scheduled', approvedBy: 'grace', selfApproved: false });
    await story.act(id, 'start');
    await story.rollouts.reconcileOnce();
    await story.turn();
    expect(story.host(1).applied).toBe(1);
    expect(story.hosts.slice(1).every(host => host.permits.length === 0)).toBe(true);
    const done = await story.until(id, ['completed', 'completed-partial', 'paused']);
    expect(done.rollout).toMatchObject({ state: 'completed', succeeded: 4, failed: 0, requestedBy: 'ada' });
    expect(done.rings.map(ring => ring.state)).toEqual(['passed', 'passed']);
    expect(done.rings[0]!.gates[0]).toMatchObject({
      verdict: 'pass',
      statement: '0 of 1 failed: at 95 % this only shows that fewer than 95 % fail',
    });
    expect(story.hosts.every(host => host.packages.get('openssl') === '2' && host.applied === 1)).toBe(true);
    expect(new Set(story.reportsAsked)).toEqual(new Set(story.hosts.map(host => host.id)));
    const [proof] = (
      await story.rollouts.handlers.hostProof({ params: { id: 'host_h3' }, query: undefined, body: undefined }, ada, story.request)
    ).items;
    expect(proof).toMatchObject({
      state: 'succeeded',
      approvedBy: 'grace',
      planHash: planned.rollout.planHash!,
      closedVulnerabilities: ['CVE-2026-openssl'],
      verdict: 'as asked and still so',
    });
    expect([proof!.before[0]!.version, proof!.after[0]!.version, proof!.observedNow[0]!.version]).toEqual(['1', '2', '2']);
    const changes = await story.db.query<{ state: string; outcome: string }>('select state, outcome from change_request');
    expect(changes).toEqual([{ state: 'closed', outcome: 'successful' }]);
  });

  it('writes one log without gaps, and one audit entry per transition', async () => {
    const id = await story.started();
    await story.until(id, ['completed']);
    const { items } = await story.rollouts.handlers.rolloutEvents(
      { params: { id }, query: { after: 0, limit: 2000 }, body: undefined },
      ada,
      story.request,
    );
    expect(items.map(event => event.sequence)).toEqual(items.map((_, index) => index + 1));
    expect(items.map(event => event.text).join('\n')).toMatch(/drafted by ada[\s\S]*ring canary: pass[\s\S]*running → completed/);
    const [counted] = await story.db.query<{ jobs: number; permits: number }>(
      `select count(*) filter (where action like 'job.%')::int as jobs, count(*) filter (where action = 'permit.issue')::int as permits from audit_entry`,
    );
    expect(counted!.permits).toBe(4);
    // offer, acknowledge, check, stage, await-permit, permit-apply, verify, succeed
    expect(counted!.jobs).toBe(4 * 8);
  });

  it('stops in the canary, touches nobody else, and says why', async () => {
    story.host(1).script = ['install-failed'];
    const id = await story.started();
    const stopped = await story.until(id, ['completed', 'completed-partial', 'paused']);
    expect(stopped.rollout.state).toBe('paused');
    expect(stopped.rollout.stateReason).toMatch(/ring canary: 1 of 1 attempted host failed.*h1: the package manager failed/);
    expect(stopped.rings.map(ring => ring.state)).toEqual(['failed', 'pending']);
    expect(stopped.rings[0]!.gates.at(-1)!.verdict).toBe('fail');
    const [h1, ...rest] = await story.jobRows(id);
    expect(h1).toMatchObject({ state: 'failed', failureClass: 'install-failed', infrastructure: false, touched: true });
    expect(rest.every(job => job.state === 'queued' && !job.touched)).toBe(true);
    expect(story.hosts.slice(1).every(host => host.permits.length === 0 && host.packages.get('openssl') === '1')).toBe(true);
    expect(stopped.waitingOn[0]).toMatchObject({ code: 'paused' });
    expect(stopped.verbs.find(verb => verb.verb === 'resume')!.disabledReason).toMatch(/override/);
    const halted = await story.act(id, 'halt', ada, { reason: 'bad patch' });
    expect(halted.rollout.state).toBe('halted');
    expect(new Set(Object.values(await story.jobStates(id)))).toEqual(new Set(['failed', 'cancelled']));
    expect(await story.rollouts.attention()).toEqual([]);
  });

  it('a second person overrides a failed gate with a reason; the same ring ends and the next opens', async () => {
    story.host(1).script = ['service-failed'];
    const id = await story.started();
    await story.until(id, ['paused']);
    expect(await story.refused(story.act(id, 'resume', ada, { reason: 'x' }))).toMatch(/somebody else/);
    expect(await story.refused(story.act(id, 'resume', grace))).toMatch(/needs a reason/);
    await story.act(id, 'resume', grace, { reason: 'known quirk of h1' });
    const done = await story.until(id, ['completed', 'completed-partial', 'paused']);
    expect(done.rollout).toMatchObject({ state: 'completed-partial', succeeded: 3, failed: 1 });
    expect(done.rings[0]!.gates.map(gate => [gate.verdict, gate.decidedBy])).toEqual([
      ['fail', 'system'],
      ['pass', 'grace'],
      ['pass', 'system'],
    ]);
  });

  it('calls a dead mirror infrastructure, not a bad patch, and goes on when it is back', async () => {
    story.host(1).script = ['repository-unavailable'];
    const id = await story.started();
    const stopped = await story.until(id, ['completed', 'completed-partial', 'paused'], 10);
    expect(stopped.rollout).toMatchObject({ state: 'paused', failed: 0 });
    expect(stopped.rollout.stateReason).toMatch(/infrastructure, not the patch.*the package repository did not deliver/);
    expect(stopped.rings[0]).toMatchObject({ state: 'gate-pending' });
    const [job] = await story.jobRows(id);
    expect(job).toMatchObject({
      state: 'queued',
      parked: true,
      attempt: 3,
      touched: false,
      infrastructure: true,
      failureClass: 'repository-unavailable',
    });
    expect(story.host(1).packages.get('openssl')).toBe('1');
    story.host(1).script = ['ok'];
    await story.act(id, 'resume', ada);
    expect((await story.until(id, ['completed', 'paused'])).rollout).toMatchObject({ state: 'completed', succeeded: 4 });
  });

  it('tries again by itself when the cause passes', async () => {
    story.host(1).script = ['package-manager-locked', 'repository-unavailable', 'ok'];
    const id = await story.started();
    const done = await story.until(id, ['completed', 'paused']);
    expect(done.rollout.state).toBe('completed');
    expect((await story.jobRows(id))[0]).toMatchObject({ attempt: 3, failureClass: null, infrastructure: false });
  });

  it('stops every ring at a package with a wrong digest', async () => {
    story.host(3).script = ['digest-mismatch'];
    const id = await story.started();
    const stopped = await story.until(id, ['completed', 'completed-partial', 'paused']);
    expect(stopped.rollout).toMatchObject({ state: 'paused' });
    expect(stopped.rollout.stateReason).toMatch(/not what its repository signed.*h3: the mirror/);
  });

  it('counts nothing twice, whatever arrives twice', async () => {
    for (const host of story.hosts) host.duplicates = true;
    const id = await story.started();
    const done = await story.until(id, ['completed', 'paused']);
    expect(done.rollout).toMatchObject({ state: 'completed', succeeded: 4 });
    expect(story.hosts.map(host => host.applied)).toEqual([1, 1, 1, 1]);
    const [counted] = await story.db.query<{ permits: number; late: number }>(
      'select (select count(*) from permit)::int as permits, (select count(*) from job_late_result)::int as late',
    );
    expect(counted).toEqual({ permits: 4, late: 0 });
  });

  it('keeps a result that comes too late, and changes nothing', async () => {
    const id = await story.started();
    await story.until(id, ['completed']);
    const [job] = await story.jobRows(id);
    const result = story.host(1).resultOf(job!.id, 1)!;
    await story.jobs.recordResult('host_h1', job!.id, 1, {
      ...result,
      outcome: 'failed',
      failure: { class: 'install-failed', message: 'm', signature: 's' },
    });
    expect((await story.jobRows(id))[0]).toMatchObject({ state: 'succeeded', failure: null });
    expect(await story.db.query('select reason from job_late_result')).toEqual([{ reason: 'the attempt has a result already' }]);
    expect(await story.refused(story.jobs.recordResult('host_h2', job!.id, 1, result))).toMatch(/no job/);
  });

  it('sees a change that no permit covers as a security event', async () => {
    const id = await story.started();
    await story.rollouts.reconcileOnce();
    await story.host(1).work(story.jobs, 'awaiting-permit');
    const [job] = await story.jobRows(id);
    await story.jobs.recordResult('host_h1', job!.id, 1, {
      jobId: job!.id,
      attempt: 1,
      outcome: 'succeeded',
      failure: null,
      touched: true,
      before: [],
      after: [{ name: 'openssl', arch: 'amd64', version: '2', state: 'installed' }],
      restartedUnits: [],
      rebooted: false,
      bootIdBefore: null,
      bootIdAfter: null,
      smokeTests: [],
      healed: [],
      startedAt: story.clock.now(),
      finishedAt: story.clock.now(),
    });
    expect((await story.jobRows(id))[0]).toMatchObject({ state: 'failed', failure: 'the host reports a change that no permit covers' });
    expect((await story.db.query(`select from audit_entry where action = 'permit.violation'`)).length).toBe(1);
    expect((await story.until(id, ['paused'])).rings[0]!.state).toBe('failed');
  });

  it('loses a host that falls silent in the middle, keeps its slot, and believes it when it is back', async () => {
    const id = await story.started();
    await story.rollouts.reconcileOnce();
    await story.host(1).work(story.jobs, 'restart');
    story.host(1).online = false;
    story.clock.advance(11 * 60);
    await story.turn();
    expect((await story.jobStates(id)).h1).toBe('lost');
    expect((await story.get(id)).waitingOn.map(one => one.code)).toEqual(['host-lost']);
    expect((await story.rollouts.attention())[0]).toMatchObject({ kind: 'host-lost', urgency: 'now' });
    story.clock.advance(3600);
    story.host(1).online = true;
    await story.turn();
    expect((await story.jobStates(id)).h1).toBe('succeeded');
    expect((await story.until(id, ['completed', 'paused'])).rollout.state).toBe('completed');
  });

  it('fails a host that stays away for a day, and still keeps what it tells later', async () => {
    const id = await story.started();
    await story.rollouts.reconcileOnce();
    await story.host(1).work(story.jobs, 'restart');
    story.host(1).online = false;
    story.clock.advance(11 * 60);
    await story.turn();
    story.clock.advance(24 * 3600);
    const stopped = await story.until(id, ['paused']);
    expect((await story.jobRows(id))[0]).toMatchObject({ state: 'timed-out', failureClass: 'lost', touched: true });
    expect(stopped.rings[0]!.state).toBe('failed');
  });

  it('predicts for hosts that do not answer the rehearsal, and says so', async () => {
    story.host(4).online = false;
    const id = await story.draft();
    await story.act(id, 'submit');
    await story.turn();
    await story.turn();
    expect((await story.get(id)).rollout.state).toBe('rehearsing');
    story.clock.advance(5 * 60);
    await story.turn();
    const planned = await story.get(id);
    expect(planned.rollout.state).toBe('planned');
    expect(planned.plan!.rings[1]!.hosts.map(host => host.rehearsed)).toEqual(['on-host', 'on-host', 'predicted']);
    expect(planned.plan!.lint.map(finding => finding.rule)).toContain('predicted');
  });

  it('leaves out hosts that are held or cannot be acted on, with the reason', async () => {
    story.exclude(2, 'openssl is held');
    await story.addHostRow('host_laptop', 'upload');
    await story.addHostRow('host_self', 'local');
    story.rollouts = story.replica();
    const id = await story.plan({ selector: { hostIds: ['host_h1', 'host_h2', 'host_laptop', 'host_self'] } });
    const { plan, rollout } = await story.get(id);
    expect(rollout.hosts).toBe(1);
    expect(plan!.excluded.map(one => `${one.hostName}: ${one.reason.split(':')[0]}`)).toEqual([
      'h2: openssl is held',
      'laptop: no way to act on it',
      'self: no way to act on it',
    ]);
  });

  it('keeps a plan with errors in draft, with its errors', async () => {
    const id = await story.plan({ window: { startsAt: null, endsAt: '2026-11-22T12:03:00.000Z', timeZone: 'UTC' } });
    const { rollout, plan } = await story.get(id);
    expect(rollout).toMatchObject({ state: 'draft', planHash: null });
    expect(rollout.stateReason).toMatch(/no permit would ever be given/);
    expect(plan!.lint.some(finding => finding.level === 'error')).toBe(true);
    expect((await story.rollouts.attention())[0]).toMatchObject({ kind: 'rollout-refused' });
  });

  it('an edit voids the approval', async () => {
    const id = await story.approved();
    const { spec } = await story.get(id);
    const edited = await story.rollouts.handlers.rolloutUpdate(
      { params: { id }, query: undefined, body: { ...spec, reboot: 'if-needed' } },
      ada,
      story.request,
    );
    expect(edited.rollout).toMatchObject({ state: 'draft', planHash: null, approvedBy: null });
    expect(await story.refused(story.act(id, 'start'))).toMatch(/approved first/);
    expect((await story.db.query<{ state: string }>('select state from change_request')).map(row => row.state)).toEqual(['cancelled']);
  });

  it('one person alone may approve, and it is recorded', async () => {
    story.alone();
    const id = await story.plan();
    await story.act(id, 'request-approval');
    const approved = await story.act(id, 'approve', ada, { planHash: (await story.get(id)).rollout.planHash! });
    expect(approved.rollout).toMatchObject({
      approvedBy: 'ada',
      selfApproved: true,
      stateReason: 'self-approved: this installation has one person',
    });
    expect(
      (await story.db.query(`select from audit_entry where action = 'rollout.approve' and (detail->>'selfApproved')::boolean`)).length,
    ).toBe(1);
  });

  it('takes back exactly what was changed, by a rollout of its own, newest ring first', async () => {
    story.host(1).packages.set('openssl', '1.1');
    const id = await story.started();
    await story.until(id, ['completed']);
    const draft = await story.rollouts.handlers.rolloutRollback(
      { params: { id }, query: undefined, body: { reason: 'regression' } },
      ada,
      story.request,
    );
    expect(draft.rollout).toMatchObject({ kind: 'rollback', revertsId: id, state: 'draft' });
    expect(draft.spec.rings.map(ring => ring.name)).toEqual(['undo rest', 'undo canary']);
    await story.act(draft.rollout.id, 'submit');
    await story.turn();
    await story.turn();
    await story.approve(draft.rollout.id);
    await story.act(draft.rollout.id, 'start');
    const done = await story.until(draft.rollout.id, ['completed', 'paused']);
    expect(done.rollout).toMatchObject({ state: 'completed', succeeded: 4 });
    expect(story.hosts.map(host => host.packages.get('openssl'))).toEqual(['1.1', '1', '1', '1']);
    const [first] = (
      await story.rollouts.handlers.hostProof({ params: { id: 'host_h1' }, query: undefined, body: undefined }, ada, story.request)
    ).items;
    expect(first).toMatchObject({ kind: 'rollback', verdict: 'as asked and still so', closedVulnerabilities: [] });
  });

  it('proves every host in one file, those left out included', async () => {
    story.exclude(2, 'openssl is held');
    story.rollouts = story.replica();
    const id = await story.started();
    await story.until(id, ['completed']);
    let csv = '';
    for await (const chunk of (await story.rollouts.handlers.rolloutProof(
      { params: { id }, query: undefined, body: undefined },
      ada,
      story.request,
    )) as AsyncIterable<string>)
      csv += chunk;
    const lines = csv.trim().split('\r\n');
    expect(lines).toHaveLength(5);
    expect(new Set(lines.map(line => line.split(',').length)).size).toBe(1);
    expect(lines[1]).toMatch(/ada,grace,false,h1,0,succeeded,upgrade,openssl,amd64,1,2,1,2,installed,2,as asked and still so/);
    expect(lines[4]).toMatch(/h2,,excluded.*openssl is held/);
  });

  it('streams the log live', async () => {
    const id = await story.draft();
    const abort = new AbortController();
    const stream = (await story.rollouts.handlers.rolloutStream({ params: { id }, query: { after: 0 }, body: undefined }, ada, {
      ...story.request,
      signal: abort.signal,
    })) as AsyncIterable<{ id: number; data: { text: string } }>;
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of stream) {
        seen.push(event.data.text);
        if (seen.length === 2) abort.abort();
      }
    })();
    await story.act(id, 'cancel');
    await reading;
    expect(seen).toEqual(['drafted by ada', 'draft → cancelled by ada']);
  });
});
