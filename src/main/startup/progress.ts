/** Numbered steps on the terminal with their times: `2/6 Database ... 0.6 s`. Written so that a pipe reads as well as a terminal. */
export class Progress {
  readonly #write: (text: string) => void;
  readonly #total: number;
  #done = 0;
  #open = false;
  /** What is going on, for the page that is served meanwhile. */
  current = 'starting';

  constructor(total: number, write: (text: string) => void) {
    this.#total = total;
    this.#write = write;
  }

  async step<T>(title: string, work: () => Promise<T> | T, outcome: (value: T) => string = () => ''): Promise<T> {
    this.#done += 1;
    this.current = title;
    const started = performance.now();
    this.#write(`${this.#done}/${this.#total} ${title} ... `);
    this.#open = true;
    const value = await work();
    const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`;
    const more = outcome(value);
    this.#write(`${this.#open ? '' : '    '}${more === '' ? '' : `${more}, `}${seconds}\n`);
    this.#open = false;
    return value;
  }

  note(text: string): void {
    this.#write(`${this.#open ? '\n' : ''}    ${text}\n`);
    this.#open = false;
  }

  /** Ends a line that a failed step left open. */
  breakLine(): void {
    if (this.#open) this.#write('\n');
    this.#open = false;
  }
}
