import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { LINT_RULES } from './plan-lint.ts';
import { PLAN_RULES } from './plan-rules.ts';

describe('the rules of a plan', () => {
  it('name every rule of section 2.7, and only checks that exist', () => {
    const wanted = [...Array.from({ length: 14 }, (_, at) => `S${at + 1}`), ...Array.from({ length: 6 }, (_, at) => `L${at + 1}`)];
    expect(Object.keys(PLAN_RULES)).toEqual(wanted);
    const unknown = Object.values(PLAN_RULES).flatMap(rule => rule.lint.filter(name => !LINT_RULES.includes(name)));
    expect(unknown).toEqual([]);
    expect(Object.entries(PLAN_RULES).filter(([, rule]) => rule.lint.length === 0 && rule.elsewhere === '')).toEqual([]);
  });
  it('are checked without a look at the planner', () => {
    const folder = path.join(import.meta.dirname, 'lint');
    const sources = readdirSync(folder).map(name => readFileSync(path.join(folder, name), 'utf8'));
    expect(sources.length).toBeGreaterThan(4);
    for (const source of sources) expect(source).not.toMatch(/from '.*planner\.ts'/);
  });
});
