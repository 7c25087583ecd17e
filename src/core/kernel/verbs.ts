import { type Machine, move } from './machine.ts';

/** What a person can do to something that a state machine holds: the event that it sends, and the permission that it needs. */
export interface VerbRow<Event extends string> {
  readonly event: Event;
  readonly permission: string;
  /** A decision: no API token takes it, whoever made the token (security.md 4). */
  readonly inPerson?: true;
}

export interface VerbActor {
  readonly personId: string;
  readonly permissions: ReadonlySet<string>;
  readonly viaToken: boolean;
}

/** A button: pressed now, or the reason why not. */
export interface VerbState<Verb extends string> {
  readonly verb: Verb;
  readonly enabled: boolean;
  readonly disabledReason: string | null;
}

/** What else has to be true; null when it is. */
export type VerbGuards<Verb extends string, Facts, Actor> = Readonly<Partial<Record<Verb, (facts: Facts, actor: Actor) => string | null>>>;

interface VerbRules<State extends string, Event extends string, Verb extends string, Facts, Actor extends VerbActor> {
  readonly machine: Machine<State, Event>;
  readonly verbs: Readonly<Record<Verb, VerbRow<NoInfer<Event>>>>;
  readonly stateOf: (facts: Facts) => NoInfer<State>;
  readonly guards: VerbGuards<NoInfer<Verb>, Facts, Actor>;
}

interface VerbDesk<Verb extends string, Facts, Actor> {
  /** null when the actor may do it now. */
  readonly whyNot: (verb: Verb, facts: Facts, actor: Actor) => string | null;
  readonly verbStates: (facts: Facts, actor: Actor) => VerbState<Verb>[];
}

/**
 * Who may do what now. The state is asked first: "it has ended" says more than "you may not". Then who asks: a token never has the permission to
 * decide, and that it is a token says more than that. The guard comes last.
 */
export function verbDesk<State extends string, Event extends string, Verb extends string, Facts, Actor extends VerbActor>(
  rules: VerbRules<State, Event, Verb, Facts, Actor>,
): VerbDesk<Verb, Facts, Actor> {
  const { machine, verbs, stateOf, guards } = rules;
  const whyNot = (verb: Verb, facts: Facts, actor: Actor): string | null => {
    const { event, permission, inPerson } = verbs[verb];
    const step = move(machine, stateOf(facts), event);
    if (!step.ok) return step.reason;
    if (inPerson && actor.viaToken) return `an API token cannot ${verb}: sign in as a person`;
    if (!actor.permissions.has(permission)) return `it needs the permission ${permission}, which your roles do not give`;
    return guards[verb]?.(facts, actor) ?? null;
  };
  return {
    whyNot,
    verbStates: (facts, actor) =>
      (Object.keys(verbs) as Verb[]).map(verb => {
        const disabledReason = whyNot(verb, facts, actor);
        return { verb, enabled: disabledReason === null, disabledReason };
      }),
  };
}
