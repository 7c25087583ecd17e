/**
 * A state machine as one table: the only place that says what may follow what. Types, the exhaustiveness tests, the SQL check constraints,
 * the reference page, API verbs and the reason on a disabled button are all read from it.
 */

/** Who must act while something is in a state: a person's role, the host, or the server itself. */
export type Owner = 'planner' | 'approver' | 'operator' | 'requester' | 'risk-owner' | 'host' | 'server';

export interface Deadline<Event extends string> {
  readonly minutes: number;
  /** For what is an emergency, where it may not last as long. */
  readonly emergencyMinutes?: number;
  /** Counted from entering the state, or from the last sign of life of the host. */
  readonly from: 'entered' | 'last-heard';
  /** Sent by the server when the time is up; it must be allowed in this state. */
  readonly event: Event;
}

interface StateRow<Event extends string> {
  /** What it means, and what it waits for. */
  readonly meaning: string;
  readonly final?: true;
  /** null only in final states. */
  readonly owner: Owner | null;
  readonly deadline?: Deadline<Event>;
}

export interface EventRow<State extends string> {
  readonly by: 'person' | 'host' | 'server' | 'clock';
  readonly meaning: string;
  readonly guard?: string;
  readonly moves: Readonly<Partial<Record<State, State>>>;
  /** Why every other state refuses it; a state of its own wording overrides. */
  readonly refused: string;
  readonly refusedIn?: Readonly<Partial<Record<State, string>>>;
}

export interface Machine<State extends string, Event extends string> {
  readonly name: string;
  readonly initial: NoInfer<State>;
  readonly states: Readonly<Record<State, StateRow<NoInfer<Event>>>>;
  readonly events: Readonly<Record<Event, EventRow<NoInfer<State>>>>;
}

export type StateOf<M> = M extends Machine<infer State, string> ? State : never;
export type EventOf<M> = M extends Machine<string, infer Event> ? Event : never;

/** Keeps the literal names of states and events as types. */
export function machine<const State extends string, const Event extends string>(table: Machine<State, Event>): Machine<State, Event> {
  return table;
}

type Move<State extends string> = { readonly ok: true; readonly to: State } | { readonly ok: false; readonly reason: string };

/** Where `event` leads from `state`, or why it is refused. */
export function move<State extends string, Event extends string>(
  table: Machine<State, Event>,
  state: NoInfer<State>,
  event: NoInfer<Event>,
): Move<State> {
  const row = table.events[event];
  const to = row.moves[state];
  return to === undefined ? { ok: false, reason: row.refusedIn?.[state] ?? row.refused } : { ok: true, to };
}

export function statesOf<State extends string>(table: Machine<State, string>): State[] {
  return Object.keys(table.states) as State[];
}

export function eventsOf<Event extends string>(table: Machine<string, Event>): Event[] {
  return Object.keys(table.events) as Event[];
}

export function isFinal<State extends string>(table: Machine<State, string>, state: NoInfer<State>): boolean {
  return table.states[state].final === true;
}

/** The states that `event` is allowed in: the guard of an update (`where state in (...)`). */
export function sourcesOf<State extends string, Event extends string>(table: Machine<State, Event>, event: NoInfer<Event>): State[] {
  return Object.keys(table.events[event].moves) as State[];
}

/** `from` is when the state was entered or the host last heard, as the row's deadline asks; null where the state has none. */
export function deadlineAt<State extends string, Event extends string>(
  table: Machine<State, Event>,
  state: NoInfer<State>,
  enteredMs: number,
  lastHeardMs: number | null,
  isEmergency = false,
): { readonly atMs: number; readonly event: Event } | null {
  const deadline: Deadline<Event> | undefined = table.states[state].deadline;
  if (deadline === undefined) return null;
  const from = deadline.from === 'entered' ? enteredMs : Math.max(enteredMs, lastHeardMs ?? enteredMs);
  const minutes = isEmergency ? (deadline.emergencyMinutes ?? deadline.minutes) : deadline.minutes;
  return { atMs: from + minutes * 60_000, event: deadline.event };
}
