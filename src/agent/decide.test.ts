import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Envelope, signEnvelope } from '../core/evidence/envelope.ts';
import { HOST_PLAN_TYPE, type HostPlan, PERMIT_TYPE } from '../core/rollouts/host-plan.ts';
import { admitPlan, checkPermit, onPermitReply, readPlan, rebootProblem, SEQUENCE_LEAP_MAX, type Trust } from './decide.ts';
import { planFormProblem } from './plan-form.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).toString('base64');
const trust: Trust = { hostId: 'host_1', installationId: 'ins_1', trustedKeys: [spki] };
const now = '2026-11-22T12:00:00.000Z';

const good: HostPlan = {
  version: 1,
  planId: 'plan_1',
  policyRoot: 1,
  installationId: 'ins_1',
  hostId: 'host_1',
  sequence: 8,
  jobId: 'job_1',
  attempt: 1,
  rolloutId: 'rol_1',
  rolloutPlanHash: 'ab12',
  kind: 'patch',
  notBefore: '2026-11-22T11:00:00.000Z',
  notAfter: '2026-11-22T13:00:00.000Z',
  restart: 'affected-services',
  reboot: 'if-needed',
  transaction: [
    { action: 'upgrade', name: 'openssl', arch: 'amd64', fromVersion: '3.0.20-1~deb12u2', toVersion: '3.0.22-1~deb12u2' },
    { action: 'install', name: 'libx1', arch: 'all', fromVersion: null, toVersion: '1:2.0' },
    { action: 'remove', name: 'old', arch: 'amd64', fromVersion: '1', toVersion: null },
  ],
  smokeTests: [
    { kind: 'unit-active', unit: 'nginx.service' },
    { kind: 'tcp-port', host: '127.0.0.1', port: 80 },
    { kind: 'http', url: 'http://127.0.0.1/', expectStatus: 200 },
  ],
};
const seal = (value: unknown, key = privateKey, type = HOST_PLAN_TYPE) => signEnvelope(type, value, key);

describe('the form of a plan', () => {
  it('takes a whole one', () => expect(planFormProblem(good)).toBeNull());
  it('takes hooks by name', () =>
    expect(planFormProblem({ ...good, hooks: [{ phase: 'post', name: 'undrain', timeoutSeconds: 60 }] })).toBeNull());
  const wrong: [string, unknown][] = [
    ['a command', { ...good, command: 'id' }],
    ['a missing field', (({ reboot: _, ...rest }) => rest)(good)],
    ['an option for a name', { ...good, transaction: [{ ...good.transaction[0], name: '-oDir=/' }] }],
    ['a path for a name', { ...good, transaction: [{ ...good.transaction[0], name: './x.deb' }] }],
    ['a newline in a version', { ...good, transaction: [{ ...good.transaction[0], toVersion: '1\n2' }] }],
    ['a relation for a version', { ...good, transaction: [{ ...good.transaction[0], toVersion: '1 | sh' }] }],
    ['an upgrade to nothing', { ...good, transaction: [{ ...good.transaction[0], toVersion: null }] }],
    ['an installation from something', { ...good, transaction: [{ ...good.transaction[1], fromVersion: '1' }] }],
    ['a verb of tomorrow', { ...good, transaction: [{ ...good.transaction[0], action: 'hold' }] }],
    ['no transaction', { ...good, transaction: [] }],
    ['a hook with an argument', { ...good, hooks: [{ phase: 'pre', name: 'drain', timeoutSeconds: 5, arguments: ['x'] }] }],
    ['a path for a hook', { ...good, hooks: [{ phase: 'pre', name: '../../bin/sh', timeoutSeconds: 5 }] }],
    ['a hook without an end', { ...good, hooks: [{ phase: 'pre', name: 'drain', timeoutSeconds: 1e9 }] }],
    ['a phase of tomorrow', { ...good, hooks: [{ phase: 'during', name: 'drain', timeoutSeconds: 5 }] }],
    ['an empty list of hooks', { ...good, hooks: [] }],
    ['another smoke test', { ...good, smokeTests: [{ kind: 'script', path: '/bin/true' }] }],
    ['an option for a unit', { ...good, smokeTests: [{ kind: 'unit-active', unit: '--now' }] }],
    ['a file address', { ...good, smokeTests: [{ kind: 'http', url: 'file:///etc/shadow', expectStatus: 200 }] }],
    ['a host with an option', { ...good, smokeTests: [{ kind: 'tcp-port', host: '-x', port: 80 }] }],
    ['another version', { ...good, version: 2 }],
    ['a sequence that is no number', { ...good, sequence: '8' }],
    ['a huge sequence', { ...good, sequence: 2 ** 60 }],
    ['a plan id with a path', { ...good, planId: '../../etc/cron.d/x' }],
    ['null', null],
    ['a list', [good]],
    ['__proto__', JSON.parse(`{"__proto__": {}, ${JSON.stringify(good).slice(1)}`)],
  ];
  it.each(wrong)('refuses %s', (_, value) => expect(planFormProblem(value)).not.toBeNull());
  it('refuses whatever is not a plan', () => {
    fc.assert(
      fc.property(fc.anything(), value => planFormProblem(value) !== null),
      { numRuns: 2_000 },
    );
  });
});

describe('signature and address', () => {
  it('takes the pinned key', () => expect(readPlan(seal(good), trust)).toMatchObject({ ok: true, plan: good }));
  it('refuses another key, another type, no signature', () => {
    expect(readPlan(seal(good, generateKeyPairSync('ed25519').privateKey), trust)).toMatchObject({
      ok: false,
      failure: { class: 'plan-refused', signature: 'plan-refused:unknown-key' },
    });
    expect(readPlan(seal(good, privateKey, PERMIT_TYPE), trust).ok).toBe(false);
    expect(readPlan({ ...seal(good), signatures: [] }, trust).ok).toBe(false);
  });
  it('refuses other hosts and installations', () => {
    expect(readPlan(seal({ ...good, hostId: 'host_2' }), trust)).toMatchObject({ ok: false, failure: { signature: 'plan-refused:host' } });
    expect(readPlan(seal({ ...good, installationId: 'ins_2' }), trust)).toMatchObject({
      ok: false,
      failure: { signature: 'plan-refused:installation' },
    });
  });
  it('accepts no envelope in which a byte was changed', () => {
    const envelope = seal(good);
    const flip = (text: string, at: number, bit: number) => {
      const bytes = Buffer.from(text, 'base64');
      bytes[at % bytes.length]! ^= 1 << bit;
      return bytes.toString('base64');
    };
    fc.assert(
      fc.property(fc.constantFrom('payload', 'signature', 'type'), fc.nat(5_000), fc.integer({ min: 0, max: 7 }), (where, at, bit) => {
        const changed: Envelope =
          where === 'payload'
            ? { ...envelope, payload: flip(envelope.payload, at, bit) }
            : where === 'type'
              ? { ...envelope, payloadType: `${envelope.payloadType.slice(0, -1)}${String.fromCharCode(33 + (at % 60))}x` }
              : { ...envelope, signatures: [{ ...envelope.signatures[0]!, sig: flip(envelope.signatures[0]!.sig, at, bit) }] };
        return !readPlan(changed, trust).ok;
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('time, number and job', () => {
  const admit = (
    plan: Partial<HostPlan>,
    standing: { now?: string; highestSequence?: number } = {},
    task = { jobId: 'job_1', attempt: 1 },
  ) => admitPlan({ ...good, ...plan }, task, { now, highestSequence: 7, ...standing })?.signature ?? null;
  it('admits the next plan', () => expect(admit({})).toBeNull());
  it.each([
    ['replay', admit({ sequence: 7 }), 'plan-refused:replay'],
    ['an older one', admit({ sequence: 1 }), 'plan-refused:replay'],
    ['a leap', admit({ sequence: 7 + SEQUENCE_LEAP_MAX + 1 }), 'plan-refused:leap'],
    ['too early', admit({}, { now: '2026-11-22T10:59:59.999Z' }), 'plan-refused:early'],
    ['the very end', admit({}, { now: good.notAfter }), 'plan-refused:expired'],
    ['a standing power', admit({ notAfter: '2026-11-26T11:00:00.000Z' }), 'plan-refused:too-long'],
    ['another job’s name', admit({}, {}, { jobId: 'job_2', attempt: 1 }), 'plan-refused:job'],
    ['another attempt', admit({}, {}, { jobId: 'job_1', attempt: 2 }), 'plan-refused:job'],
  ])('refuses %s', (_, found, expected) => expect(found).toBe(expected));
  it('lets the first plan begin with any number', () => expect(admit({ sequence: 5_000 }, { highestSequence: 0 })).toBeNull());
});

describe('permits', () => {
  const permit = {
    permitId: 'pmt_1',
    jobId: 'job_1',
    attempt: 1,
    hostId: 'host_1',
    phase: 'apply',
    issuedAt: now,
    expiresAt: '2026-11-22T12:05:00.000Z',
  };
  const check = (given: object, at = now, phase: 'apply' | 'reboot' = 'apply') =>
    checkPermit(seal({ ...permit, ...given }, privateKey, PERMIT_TYPE), good, phase, trust, at)?.signature ?? null;
  it('takes the right one', () => expect(check({})).toBeNull());
  it.each([
    ['of another host', check({ hostId: 'host_2' })],
    ['of another job', check({ jobId: 'job_2' })],
    ['of another attempt', check({ attempt: 2 })],
    ['for the reboot', check({ phase: 'reboot' })],
    ['for the transaction, at the reboot', check({}, now, 'reboot')],
    ['that ran out', check({}, permit.expiresAt)],
    ['without an end', check({ expiresAt: 'never' })],
  ])('refuses one %s', (_, found) => expect(found).toMatch(/^permit-refused:/));
  it('refuses a plan in a permit’s place', () =>
    expect(checkPermit(seal(good), good, 'apply', trust, now)?.signature).toBe('permit-refused:wrong-type'));
});

describe('the answer to the question for a permit', () => {
  const refused = (fields: object) => ({
    permit: null,
    refused: { code: 'ring-slot', text: 'wait', retryAfterSeconds: 5, final: false, ...fields },
  });
  const next = (reply: Parameters<typeof onPermitReply>[0], at = now) => onPermitReply(reply, good, 'apply', trust, at);
  const permit = { permitId: 'p', jobId: good.jobId, attempt: good.attempt, hostId: good.hostId, phase: 'apply', issuedAt: now };
  it('lets the host begin only on a permit that it has checked itself', () => {
    const given = (expiresAt: string) => ({ permit: seal({ ...permit, expiresAt }, privateKey, PERMIT_TYPE), refused: null });
    expect(next(given('2026-11-22T12:05:00.000Z'))).toEqual({ do: 'go' });
    expect(next(given(now))).toMatchObject({ do: 'fail', failure: { class: 'permit-refused' } });
  });
  it('asks again when and only when that can help', () => {
    expect(next(refused({}))).toEqual({ do: 'ask-again', code: 'ring-slot', afterMs: 5_000, text: 'wait' });
    expect(next(refused({ retryAfterSeconds: 0 }))).toMatchObject({ afterMs: 500 });
    expect(next(refused({ retryAfterSeconds: 3_600 }))).toMatchObject({ afterMs: 60_000 });
    expect(next({ permit: null, refused: null })).toMatchObject({ do: 'ask-again' });
    expect(next(refused({ final: true, code: 'cancelled' }))).toEqual({ do: 'cancel' });
    expect(next(refused({ final: true, code: 'window-over' }))).toMatchObject({
      do: 'fail',
      failure: { signature: 'permit-refused:window-over' },
    });
  });
});

describe('a reboot that was waited with', () => {
  it('is not done over what another rollout has left half done', () => {
    expect(rebootProblem(true, [])).toBeNull();
    expect(rebootProblem(false, ['nginx is half-configured'])).toBeNull();
    expect(rebootProblem(true, ['nginx is half-configured'])).toMatchObject({ class: 'package-database-broken' });
  });
});
