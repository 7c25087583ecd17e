import type { DecisionTable } from './decision-table.ts';

/** CISA Binding Operational Directive 26-04, Table 1, in CERT/CC's encoding. Exposure of the asset is the lever: the same vulnerability is due in 3 or 60 days. */
export const bod2604: DecisionTable = {
  id: 'bod-26-04',
  version: '1.0.0',
  title: 'BOD 26-04 Remediation Timelines',
  source: 'CISA BOD 26-04 (2026-06-10), Table 1, as encoded by CERT/CC (cisa:DT_BOD2604:1.0.0)',
  columns: [
    {
      name: 'in-kev',
      title: 'In KEV',
      values: ['no', 'yes'],
      whenUnknown: {
        value: 'no',
        reason: 'a vulnerability that the KEV catalog does not list is not in it; a missing feed is a banner of its own',
      },
    },
    {
      name: 'publicly-exposed',
      title: 'Publicly Exposed',
      values: ['no', 'yes'],
      whenUnknown: { value: 'yes', reason: 'an asset is exposed until the inventory says otherwise' },
    },
    {
      name: 'automatable',
      title: 'Automatable',
      values: ['no', 'yes'],
      whenUnknown: { value: 'yes', reason: 'without evidence against it, exploitation is taken to be automatable (FedRAMP VER-EVA-AIA)' },
    },
    {
      name: 'technical-impact',
      title: 'Technical Impact',
      values: ['partial', 'total'],
      whenUnknown: { value: 'total', reason: 'the worse case until somebody has assessed it' },
    },
  ],
  outcome: {
    title: 'CISA BOD 26-04 Remediation Timelines',
    values: ['3 days & forensic investigation', '3 days', '14 days', '60 days', 'fix on system upgrade'],
  },
  rows: [
    ['no', 'no', 'no', 'partial', 'fix on system upgrade'],
    ['yes', 'no', 'no', 'partial', '14 days'],
    ['no', 'yes', 'no', 'partial', '60 days'],
    ['no', 'no', 'yes', 'partial', '60 days'],
    ['no', 'no', 'no', 'total', 'fix on system upgrade'],
    ['yes', 'yes', 'no', 'partial', '14 days'],
    ['yes', 'no', 'yes', 'partial', '14 days'],
    ['no', 'yes', 'yes', 'partial', '14 days'],
    ['yes', 'no', 'no', 'total', '14 days'],
    ['no', 'yes', 'no', 'total', '14 days'],
    ['no', 'no', 'yes', 'total', '60 days'],
    ['yes', 'yes', 'yes', 'partial', '3 days'],
    ['yes', 'yes', 'no', 'total', '3 days & forensic investigation'],
    ['yes', 'no', 'yes', 'total', '3 days & forensic investigation'],
    ['no', 'yes', 'yes', 'total', '3 days'],
    ['yes', 'yes', 'yes', 'total', '3 days & forensic investigation'],
  ],
};
