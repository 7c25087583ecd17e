/** Metrics of each CVSS version with the values they take, from FIRST's specifications. The order within a group is the specification's. */
export type CvssVersion = '2.0' | '3.0' | '3.1' | '4.0';

export interface MetricGroup {
  readonly name: 'base' | 'temporal' | 'threat' | 'environmental' | 'supplemental';
  /** Metric -> its values. In groups other than `base` the first value is "not defined". */
  readonly metrics: Readonly<Record<string, readonly string[]>>;
}

const words = (text: string): readonly string[] => text.split(' ');

const V2: readonly MetricGroup[] = [
  {
    name: 'base',
    metrics: { AV: words('L A N'), AC: words('H M L'), Au: words('M S N'), C: words('N P C'), I: words('N P C'), A: words('N P C') },
  },
  { name: 'temporal', metrics: { E: words('ND U POC F H'), RL: words('ND OF TF W U'), RC: words('ND UC UR C') } },
  {
    name: 'environmental',
    metrics: {
      CDP: words('ND N L LM MH H'),
      TD: words('ND N L M H'),
      CR: words('ND L M H'),
      IR: words('ND L M H'),
      AR: words('ND L M H'),
    },
  },
];

const V3: readonly MetricGroup[] = [
  {
    name: 'base',
    metrics: {
      AV: words('N A L P'),
      AC: words('L H'),
      PR: words('N L H'),
      UI: words('N R'),
      S: words('U C'),
      C: words('N L H'),
      I: words('N L H'),
      A: words('N L H'),
    },
  },
  { name: 'temporal', metrics: { E: words('X U P F H'), RL: words('X O T W U'), RC: words('X U R C') } },
  {
    name: 'environmental',
    metrics: {
      CR: words('X L M H'),
      IR: words('X L M H'),
      AR: words('X L M H'),
      MAV: words('X N A L P'),
      MAC: words('X L H'),
      MPR: words('X N L H'),
      MUI: words('X N R'),
      MS: words('X U C'),
      MC: words('X N L H'),
      MI: words('X N L H'),
      MA: words('X N L H'),
    },
  },
];

const V4: readonly MetricGroup[] = [
  {
    name: 'base',
    metrics: {
      AV: words('N A L P'),
      AC: words('L H'),
      AT: words('N P'),
      PR: words('N L H'),
      UI: words('N P A'),
      VC: words('H L N'),
      VI: words('H L N'),
      VA: words('H L N'),
      SC: words('H L N'),
      SI: words('H L N'),
      SA: words('H L N'),
    },
  },
  { name: 'threat', metrics: { E: words('X A P U') } },
  {
    name: 'environmental',
    metrics: {
      CR: words('X H M L'),
      IR: words('X H M L'),
      AR: words('X H M L'),
      MAV: words('X N A L P'),
      MAC: words('X L H'),
      MAT: words('X N P'),
      MPR: words('X N L H'),
      MUI: words('X N P A'),
      MVC: words('X H L N'),
      MVI: words('X H L N'),
      MVA: words('X H L N'),
      MSC: words('X H L N'),
      MSI: words('X S H L N'),
      MSA: words('X S H L N'),
    },
  },
  {
    name: 'supplemental',
    metrics: {
      S: words('X N P'),
      AU: words('X N Y'),
      R: words('X A U I'),
      V: words('X D C'),
      RE: words('X L M H'),
      U: words('X Clear Green Amber Red'),
    },
  },
];

export const METRIC_GROUPS: Readonly<Record<CvssVersion, readonly MetricGroup[]>> = { '2.0': V2, '3.0': V3, '3.1': V3, '4.0': V4 };
