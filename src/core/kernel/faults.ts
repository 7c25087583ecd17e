/**
 * Faults are what can go wrong in operation: a closed `code`, the subject and what to do next.
 * Expected outcomes are returned as values; defects throw plain errors.
 */
export class Fault<Code extends string = string> extends Error {
  readonly code: Code;
  /** What the person can do about it, one sentence. */
  readonly advice: string;
  constructor(code: Code, message: string, advice: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Fault';
    this.code = code;
    this.advice = advice;
  }
}

/** What happened and what to do, as sentences. Messages about a place in a file come without a full stop. */
export function messageWithAdvice({ message, advice }: Pick<Fault, 'message' | 'advice'>): string {
  return `${/[.!?]$/.test(message) ? message : `${message}.`} ${advice}`;
}

export type Result<Value, Problem> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly problem: Problem };

export function ok<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}

export function no<Problem>(problem: Problem): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem };
}

/** Invariants stay on in production: a broken one is a defect and stops the operation, never the truth. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}
