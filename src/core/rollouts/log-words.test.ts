import { describe, expect, it } from 'vitest';
import { JOB } from './job-states.ts';
import { eventWords, JOB_MOVED } from './log-words.ts';

describe('lines of the log', () => {
  it('say what a step is when it begins, and what was found in it', () => {
    expect(eventWords({ phase: 'precheck', kind: 'phase-started', text: 'precheck' })).toBe(
      'The host looks at its disk, its locks and its package database',
    );
    expect(eventWords({ phase: 'verify', kind: 'note', text: 'every target version is in place' })).toBe(
      'Verification: every target version is in place',
    );
    expect(eventWords({ phase: 'download', kind: 'phase-done', text: '' })).toBe('Download: done');
  });

  it('leave output and the words of other versions as they are', () => {
    expect(eventWords({ phase: 'apply', kind: 'output', text: 'Setting up sudo ...' })).toBe('Setting up sudo ...');
    expect(eventWords({ phase: 'levitate', kind: 'phase-started', text: 'levitate' })).toBe('levitate');
  });

  it('have words for every end of a job', () => {
    const ends = Object.entries(JOB.states).filter(([, state]) => 'final' in state);
    expect(ends.length).toBeGreaterThan(8);
    expect(ends.filter(([name]) => JOB_MOVED[name as keyof typeof JOB_MOVED] === null)).toEqual([]);
  });
});
