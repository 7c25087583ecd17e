import type { Role } from '../../api/access.ts';
import type { ExceptionDetailView } from '../../api/exceptions.ts';
import { addMs, DAY_MS } from '../../core/kernel/instants.ts';
import { createAccess } from '../access/access.ts';
import { permissionsOf } from '../access/person-rows.ts';
import type { Caller, RequestInfo } from '../context.ts';
import { FleetBench } from '../fleet/test-fleet.ts';
import { createExceptions, type Exceptions } from './exceptions.ts';
import type { ExceptionRequest } from './requests.ts';

const request: RequestInfo = {
  signal: new AbortController().signal,
  remoteAddress: '127.0.0.1',
  secure: false,
  setCookie: () => {},
  cookies: {},
};

/** For tests of this noun: exceptions over the real fleet, the real people and a real database. */
export class ExceptionBench {
  readonly fleet: FleetBench;
  readonly exceptions: Exceptions;
  readonly ada: Caller;
  readonly grace: Caller;
  readonly linus: Caller;

  private constructor(fleet: FleetBench, people: readonly Caller[]) {
    this.fleet = fleet;
    [this.ada, this.grace, this.linus] = people as [Caller, Caller, Caller];
    this.exceptions = createExceptions(fleet.context, { scopes: fleet.fleet.scopes, people: createAccess(fleet.context).people });
    fleet.exceptions = this.exceptions.port;
  }

  /** ada asks (an operator), grace and linus own risks. */
  static async start(): Promise<ExceptionBench> {
    const fleet = await FleetBench.start();
    const people: Caller[] = [];
    for (const [login, roles] of [
      ['ada', ['operator']],
      ['grace', ['risk-owner', 'operator']],
      ['linus', ['risk-owner']],
    ] as const)
      people.push(await addPerson(fleet, login, roles));
    return new ExceptionBench(fleet, people);
  }

  async ask(body: Partial<ExceptionRequest>, caller = this.ada): Promise<ExceptionDetailView> {
    return await this.exceptions.handlers.exceptionCreate({ body: this.#body(body) } as never, caller, request);
  }

  async edit(id: string, body: Partial<ExceptionRequest>, caller = this.ada): Promise<ExceptionDetailView> {
    return await this.exceptions.handlers.exceptionUpdate({ params: { id }, body: this.#body(body) } as never, caller, request);
  }

  async figures() {
    return await this.exceptions.handlers.exceptionFigures({} as never, this.ada, request);
  }

  #body(body: Partial<ExceptionRequest>): ExceptionRequest {
    return {
      title: 'Legacy ERP',
      kind: 'risk-accepted',
      reason: 'the vendor certifies this version only',
      owner: 'grace',
      query: null,
      hostIds: null,
      vulnerabilityIds: [],
      sourceName: null,
      patchId: null,
      startsAt: null,
      endsAt: this.inDays(60),
      justification: null,
      controls: [],
      controlsCheckedAt: null,
      draft: false,
      ...body,
    };
  }

  async act(
    id: string,
    verb: 'submit' | 'review' | 'approve' | 'reject' | 'withdraw' | 'renew' | 'reopen' | 'revoke',
    caller: Caller,
    more: { reason?: string; scopeHash?: string; endsAt?: string; controlsCheckedAt?: string } = {},
  ): Promise<ExceptionDetailView> {
    const scopeHash = verb === 'approve' ? (more.scopeHash ?? (await this.get(id)).scope.hash) : undefined;
    return await this.exceptions.handlers.exceptionAct(
      { params: { id }, body: { verb, reason: 'because', ...more, ...(scopeHash === undefined ? {} : { scopeHash }) } } as never,
      caller,
      request,
    );
  }

  async get(id: string, caller = this.ada): Promise<ExceptionDetailView> {
    return await this.exceptions.handlers.exceptionGet({ params: { id } } as never, caller, request);
  }

  async list(query: object = {}) {
    return await this.exceptions.handlers.exceptionList(
      { query: { page: 1, pageSize: 50, show: 'open', ...query } } as never,
      this.ada,
      request,
    );
  }

  /** Asked by ada, granted by grace. */
  async granted(body: Partial<ExceptionRequest>): Promise<ExceptionDetailView> {
    const { id } = await this.ask(body);
    return await this.act(id, 'approve', this.grace);
  }

  inDays(days: number): string {
    return addMs(this.fleet.clock.now(), days * DAY_MS);
  }

  async close(): Promise<void> {
    await this.exceptions.stop();
    await this.fleet.close();
  }
}

export async function addPerson(fleet: FleetBench, login: string, roles: readonly Role[]): Promise<Caller> {
  const personId = `per_${Buffer.from(login).toString('hex').padEnd(16, '0')}`;
  await fleet.database.db.query('insert into person (id, login, name, roles, created_at) values ($1, $2, $2, $3, $4)', [
    personId,
    login,
    roles,
    fleet.clock.now(),
  ]);
  return { kind: 'person', personId, login, name: login, roles: [...roles], permissions: permissionsOf([...roles]), viaToken: false };
}
