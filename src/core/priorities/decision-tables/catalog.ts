import { bod2604 } from './bod-26-04.ts';
import type { DecisionTable } from './decision-table.ts';
import { ssvcCoordinator } from './ssvc-coordinator.ts';
import { ssvcDeployer } from './ssvc-deployer.ts';
import { ssvcHumanImpact } from './ssvc-human-impact.ts';

/** The tables that ship. `bod-26-04` is the default deadline policy. */
export const DECISION_TABLES: readonly DecisionTable[] = [bod2604, ssvcDeployer, ssvcCoordinator, ssvcHumanImpact];

export function decisionTable(id: string): DecisionTable | undefined {
  return DECISION_TABLES.find(table => table.id === id);
}
