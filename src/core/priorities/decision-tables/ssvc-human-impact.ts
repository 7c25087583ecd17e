import type { DecisionTable } from './decision-table.ts';

/** Human impact, an input of the deployer tree, from what a failure does to safety and to the mission. */
export const ssvcHumanImpact: DecisionTable = {
  id: 'ssvc-human-impact',
  version: '1.0.0',
  title: 'SSVC Human Impact',
  source: 'CERT/CC SSVC, Human Impact 1.0.0',
  columns: [
    {
      name: 'safety-impact',
      title: 'Safety Impact',
      values: ['negligible', 'marginal', 'critical', 'catastrophic'],
      whenUnknown: {
        value: 'marginal',
        reason: 'IT assets rarely endanger people; with the mission default it gives a medium human impact',
      },
    },
    {
      name: 'mission-impact',
      title: 'Mission Impact',
      values: ['degraded', 'mef support crippled', 'mef failure', 'mission failure'],
      whenUnknown: { value: 'mef failure', reason: 'an asset whose mission nobody has stated may carry an essential function' },
    },
  ],
  outcome: { title: 'Human Impact', values: ['very high', 'high', 'medium', 'low'] },
  rows: [
    ['negligible', 'degraded', 'low'],
    ['negligible', 'mef support crippled', 'low'],
    ['negligible', 'mef failure', 'medium'],
    ['negligible', 'mission failure', 'very high'],
    ['marginal', 'degraded', 'low'],
    ['marginal', 'mef support crippled', 'low'],
    ['marginal', 'mef failure', 'medium'],
    ['marginal', 'mission failure', 'very high'],
    ['critical', 'degraded', 'medium'],
    ['critical', 'mef support crippled', 'high'],
    ['critical', 'mef failure', 'high'],
    ['critical', 'mission failure', 'very high'],
    ['catastrophic', 'degraded', 'very high'],
    ['catastrophic', 'mef support crippled', 'very high'],
    ['catastrophic', 'mef failure', 'very high'],
    ['catastrophic', 'mission failure', 'very high'],
  ],
};
