export interface Case {
  readonly file: string;
  readonly title: string;
  readonly words: string;
  /** A line with # is a remark; every other one is run. */
  readonly script: readonly string[];
}
