/** OpenVEX 0.2.0, section on status justifications: the closed list for `not_affected`. */
export const JUSTIFICATIONS = [
  'component_not_present',
  'vulnerable_code_not_present',
  'vulnerable_code_not_in_execute_path',
  'vulnerable_code_cannot_be_controlled_by_adversary',
  'inline_mitigations_already_exist',
] as const;
export type Justification = (typeof JUSTIFICATIONS)[number];

interface KindRow {
  readonly meaning: string;
  /** Takes its findings out of the net numbers. A hold does not: the host still counts (domain.md 2.6). */
  readonly excuses: boolean;
  /** What a request of this kind must say beyond reason, owner and end. */
  readonly needs: 'justification' | 'controls' | 'patch' | null;
  /** A fix that appears takes away its ground. */
  readonly endsWithFix: boolean;
}

export const KINDS = {
  'risk-accepted': { meaning: 'The risk is accepted as it is.', excuses: true, needs: null, endsWithFix: false },
  deferred: { meaning: 'The fix comes later, by the end of the exception.', excuses: true, needs: null, endsWithFix: false },
  mitigated: {
    meaning: 'Compensating controls lower the risk; they are checked again and again.',
    excuses: true,
    needs: 'controls',
    endsWithFix: false,
  },
  'false-positive': { meaning: 'The finding is wrong.', excuses: true, needs: null, endsWithFix: false },
  'not-affected': {
    meaning: 'The flaw cannot be used here; published with its justification.',
    excuses: true,
    needs: 'justification',
    endsWithFix: false,
  },
  'no-fix-available': { meaning: 'The vendor has no fix.', excuses: true, needs: null, endsWithFix: true },
  'unsupported-eol': {
    meaning: 'The release gets no fixes any more; the host is isolated until it is replaced.',
    excuses: true,
    needs: null,
    endsWithFix: true,
  },
  operational: {
    meaning: 'One patch is held back from these hosts: rollouts leave it out. Findings count as before.',
    excuses: false,
    needs: 'patch',
    endsWithFix: false,
  },
} as const satisfies Readonly<Record<string, KindRow>>;

export type ExceptionKind = keyof typeof KINDS;
export const EXCEPTION_KINDS = Object.keys(KINDS) as ExceptionKind[];

export interface KindClaims {
  readonly kind: ExceptionKind;
  readonly justification: Justification | null;
  readonly controls: readonly string[];
  readonly controlsCheckedAt: string | null;
  readonly hasPatch: boolean;
}

/** What is missing or does not belong, with the field that it is about; null when the request says what its kind needs. */
export function kindProblem(claims: KindClaims): { readonly field: string; readonly text: string } | null {
  const { needs } = KINDS[claims.kind];
  if (needs === 'justification' && claims.justification === null)
    return { field: 'justification', text: `say why it is not affected: ${JUSTIFICATIONS.join(', ')}` };
  if (needs !== 'justification' && claims.justification !== null)
    return { field: 'justification', text: 'only not-affected has a justification of this list; give it as the reason' };
  if (needs === 'controls' && claims.controls.length === 0) return { field: 'controls', text: 'name the compensating controls' };
  if (needs === 'controls' && claims.controlsCheckedAt === null)
    return { field: 'controlsCheckedAt', text: 'say when the controls were last checked' };
  if (needs !== 'controls' && claims.controls.length > 0) return { field: 'controls', text: 'only mitigated has compensating controls' };
  if (needs === 'patch' && !claims.hasPatch) return { field: 'patchId', text: 'a hold is of one patch: name it' };
  return null;
}
