/**
 * CVSS v4.0's data (first.org/cvss/v4.0/specification-document, section 8.2). A MacroVector is six digits, one per equivalence set EQ1 to EQ6. Scores
 * are in tenths, so that the arithmetic stays in whole numbers.
 */

/** EQ1 EQ2 EQ3 EQ6, then the scores for EQ4 = 0, 1, 2, each with EQ5 = 0, 1, 2. (EQ3 = 2 occurs with EQ6 = 1 only: 270 scores.) */
const SCORE_ROWS: readonly string[] = [
  '0000  100  98  95 100  93  91  93  89  81',
  '0001   99  95  92  96  87  81  90  80  68',
  '0010   98  95  90  93  89  81  88  78  69',
  '0011   95  92  84  92  81  65  80  70  48',
  '0021   92  82  72  79  69  50  69  55  27',
  '0100   99  95  92  95  90  84  92  82  72',
  '0101   97  92  85  91  83  71  81  71  53',
  '0110   95  92  85  92  80  70  84  71  50',
  '0111   93  85  73  82  72  59  70  52  30',
  '0121   86  75  52  71  52  29  63  29  17',
  '1000   98  94  91  94  86  77  87  74  63',
  '1001   95  87  81  89  74  64  75  63  49',
  '1010   94  88  76  86  74  59  72  57  52',
  '1011   89  77  67  76  58  50  57  52  25',
  '1021   83  70  54  65  58  26  53  21  13',
  '1100   95  88  76  90  75  61  77  68  52',
  '1101   90  76  70  77  62  53  66  59  30',
  '1110   89  76  62  74  57  47  61  57  24',
  '1111   78  67  58  59  57  23  52  29  16',
  '1121   71  59  30  58  26  15  23  13   6',
  '2000   93  86  75  86  74  56  70  52  40',
  '2001   87  72  58  74  61  34  54  40  22',
  '2010   85  74  62  72  55  46  53  34  19',
  '2011   75  55  51  57  41  19  36  19   8',
  '2021   64  51  20  47  21  11  24   9   4',
  '2100   88  73  60  73  59  41  54  45  20',
  '2101   75  53  50  55  40  20  43  22  11',
  '2110   75  58  40  61  48  20  46  17   8',
  '2111   55  45  21  51  18   9  18   7   2',
  '2121   53  24  14  24  12   5  10   3   1',
];

/** MacroVector -> score in tenths. */
export const MACRO_SCORE_TENTHS: ReadonlyMap<string, number> = new Map(SCORE_ROWS.flatMap(readRow));

function readRow(row: string): [string, number][] {
  const [sets = '', ...scores] = row.split(/ +/);
  const [eq1, eq2, eq3, eq6] = sets;
  return scores.map((score, at) => [`${eq1}${eq2}${eq3}${Math.floor(at / 3)}${at % 3}${eq6}`, Number(score)]);
}

/** How many steps a value is below the metric's most severe one. */
export const SEVERITY_STEPS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  AV: { N: 0, A: 1, L: 2, P: 3 },
  PR: { N: 0, L: 1, H: 2 },
  UI: { N: 0, P: 1, A: 2 },
  AC: { L: 0, H: 1 },
  AT: { N: 0, P: 1 },
  VC: { H: 0, L: 1, N: 2 },
  VI: { H: 0, L: 1, N: 2 },
  VA: { H: 0, L: 1, N: 2 },
  SC: { H: 1, L: 2, N: 3 },
  SI: { S: 0, H: 1, L: 2, N: 3 },
  SA: { S: 0, H: 1, L: 2, N: 3 },
  CR: { H: 0, M: 1, L: 2 },
  IR: { H: 0, M: 1, L: 2 },
  AR: { H: 0, M: 1, L: 2 },
};

export interface SeverityLevel {
  /** The most severe vectors of the level, in the order in which they are tried. */
  readonly highest: readonly Readonly<Record<string, string>>[];
  /** Steps from the highest vector to the level's lowest, both counted. */
  readonly depth: number;
}

const level = (depth: number, ...highest: string[]): SeverityLevel => ({
  depth,
  highest: highest.map(vector => Object.fromEntries(vector.split('/').map(field => field.split(':') as [string, string]))),
});

/** Equivalence set -> digit -> level. EQ3 and EQ6 depend on each other and are one set with two digits. EQ5 has one metric and so no depth. */
export const SEVERITY_LEVELS: Readonly<Record<'eq1' | 'eq2' | 'eq3eq6' | 'eq4', Readonly<Record<string, SeverityLevel>>>> = {
  eq1: {
    0: level(1, 'AV:N/PR:N/UI:N'),
    1: level(4, 'AV:A/PR:N/UI:N', 'AV:N/PR:L/UI:N', 'AV:N/PR:N/UI:P'),
    2: level(5, 'AV:P/PR:N/UI:N', 'AV:A/PR:L/UI:P'),
  },
  eq2: { 0: level(1, 'AC:L/AT:N'), 1: level(2, 'AC:H/AT:N', 'AC:L/AT:P') },
  eq3eq6: {
    '00': level(7, 'VC:H/VI:H/VA:H/CR:H/IR:H/AR:H'),
    '01': level(6, 'VC:H/VI:H/VA:L/CR:M/IR:M/AR:H', 'VC:H/VI:H/VA:H/CR:M/IR:M/AR:M'),
    '10': level(8, 'VC:L/VI:H/VA:H/CR:H/IR:H/AR:H', 'VC:H/VI:L/VA:H/CR:H/IR:H/AR:H'),
    '11': level(
      8,
      'VC:L/VI:H/VA:L/CR:H/IR:M/AR:H',
      'VC:L/VI:H/VA:H/CR:H/IR:M/AR:M',
      'VC:H/VI:L/VA:H/CR:M/IR:H/AR:M',
      'VC:H/VI:L/VA:L/CR:M/IR:H/AR:H',
      'VC:L/VI:L/VA:H/CR:H/IR:H/AR:M',
    ),
    '21': level(10, 'VC:L/VI:L/VA:L/CR:H/IR:H/AR:H'),
  },
  eq4: { 0: level(6, 'SC:H/SI:S/SA:S'), 1: level(5, 'SC:H/SI:H/SA:H'), 2: level(4, 'SC:L/SI:L/SA:L') },
};
