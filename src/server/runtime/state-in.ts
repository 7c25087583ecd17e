/** A condition on the states of a transition table, so that no query spells them again. The names are the table's own literals, never input. */
export function stateIn(states: readonly string[]): string {
  return `state in (${states.map(state => `'${state}'`).join(', ')})`;
}
