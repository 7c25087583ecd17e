import type { ExceptionDetailView, ExceptionKindView } from '../../api/exceptions.ts';
import { ZONE } from '../kit/time.tsx';
import { instantOf, localOf } from '../rollouts/zoned-time.ts';

export interface ExceptionDraft {
  readonly title: string;
  readonly kind: ExceptionKindView;
  readonly vulnerabilities: string;
  readonly sourceName: string;
  readonly patchId: string;
  readonly hostIds: readonly string[];
  readonly query: string;
  readonly reason: string;
  readonly owner: string;
  readonly until: string;
  readonly justification: ExceptionDetailView['justification'];
  readonly controls: string;
  readonly controlsChecked: string;
  /** Where somebody has named a first day that is still to come; the form keeps it. */
  readonly startsAt: string | null;
}

const DAYS_FIRST = 30;

/** What the address says (a finding, a patch, a plan that is late), and the rest as most people want it. */
export function newException(url: Readonly<Record<string, string | undefined>>, owner: string, nowMs: number): ExceptionDraft {
  const list = (text: string | undefined) => (text ?? '').split(',').filter(one => one !== '');
  return {
    title: '',
    kind: (url.kind as ExceptionKindView | undefined) ?? 'risk-accepted',
    vulnerabilities: list(url.vulnerability).join(' '),
    sourceName: url.source ?? '',
    patchId: url.patch ?? '',
    hostIds: list(url.hosts),
    query: url.query ?? '',
    reason: '',
    owner,
    until: localOf(new Date(nowMs + DAYS_FIRST * 86_400_000).toISOString(), ZONE),
    justification: null,
    controls: '',
    controlsChecked: '',
    startsAt: null,
  };
}

/** The form of a draft that is there. */
export function draftOf(data: ExceptionDetailView, nowMs: number): ExceptionDraft {
  const { selection } = data;
  return {
    title: data.title,
    kind: data.kind,
    vulnerabilities: selection.vulnerabilityIds.join(' '),
    sourceName: selection.sourceName ?? '',
    patchId: selection.patchId ?? '',
    hostIds: selection.hostIds ?? [],
    query: selection.query ?? '',
    reason: data.reason,
    owner: data.owner,
    until: localOf(data.endsAt, ZONE),
    justification: data.justification,
    controls: data.controls.join('\n'),
    controlsChecked: data.controlsCheckedAt === null ? '' : localOf(data.controlsCheckedAt, ZONE),
    startsAt: Date.parse(data.startsAt) > nowMs ? data.startsAt : null,
  };
}

const words = (text: string) => text.split(/[\s,]+/).filter(word => word !== '');
const lines = (text: string) =>
  text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '');

export function chosenBy(draft: ExceptionDraft) {
  return {
    kind: draft.kind,
    query: draft.query.trim() || null,
    hostIds: draft.hostIds.length === 0 ? null : [...draft.hostIds],
    vulnerabilityIds: words(draft.vulnerabilities),
    sourceName: draft.sourceName.trim() || null,
    patchId: draft.patchId.trim() || null,
  };
}

/** The first thing that is missing, in words; null when it can be sent. */
export function missingInException(draft: ExceptionDraft): string | null {
  const chosen = chosenBy(draft);
  if (draft.kind === 'operational' && chosen.patchId === null) return 'A hold is of one patch: start from the patch that is held back.';
  if (chosen.vulnerabilityIds.length === 0 && chosen.sourceName === null && chosen.patchId === null) return 'Say which vulnerabilities.';
  if (draft.kind === 'not-affected' && draft.justification === null) return 'Say why it is not affected.';
  if (draft.kind === 'mitigated' && lines(draft.controls).length === 0) return 'Name the controls.';
  if (draft.kind === 'mitigated' && instantOf(draft.controlsChecked, ZONE) === null) return 'Say when the controls were last checked.';
  if (draft.reason.trim() === '') return 'Say why.';
  if (draft.owner.trim() === '') return 'Say who answers for the risk.';
  if (instantOf(draft.until, ZONE) === null) return 'Say until when.';
  if (draft.title.trim() === '') return 'Give it a name.';
  return null;
}

/** `asDraft`: it is kept, and nobody is asked yet. */
export function exceptionBodyOf(draft: ExceptionDraft, asDraft = false) {
  return {
    ...chosenBy(draft),
    title: draft.title.trim(),
    reason: draft.reason.trim(),
    owner: draft.owner.trim(),
    endsAt: instantOf(draft.until, ZONE) ?? '',
    justification: draft.kind === 'not-affected' ? draft.justification : null,
    controls: draft.kind === 'mitigated' ? lines(draft.controls) : [],
    controlsCheckedAt: draft.kind === 'mitigated' ? instantOf(draft.controlsChecked, ZONE) : null,
    startsAt: draft.startsAt,
    draft: asDraft,
  };
}
