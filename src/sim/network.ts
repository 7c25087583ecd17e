import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** How bad the way between one host and the server is at the moment. */
export class Weather {
  loss = FAIR;
  duplicate = FAIR;
  delayMs = 0;
  partitioned = false;

  get isFair(): boolean {
    return this.loss === FAIR && this.duplicate === FAIR && this.delayMs === 0 && !this.partitioned;
  }
  clear(): void {
    Object.assign(this, { loss: FAIR, duplicate: FAIR, delayMs: 0, partitioned: false });
  }
}

/** Even in fair weather one message in a thousand is lost, and one comes twice. */
const FAIR = 0.001;

/** Requests and answers that get lost, late, twice or in another order. The caller hears nothing of any of it: it has a time-out of its own. */
export class Network {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #serverIsUp: () => boolean;
  messages = 0;

  get isUp(): boolean {
    return this.#serverIsUp();
  }

  constructor(timeline: Timeline, random: Random, serverIsUp: () => boolean) {
    this.#timeline = timeline;
    this.#random = random;
    this.#serverIsUp = serverIsUp;
  }

  /** `handle` runs at the server as one transaction; `answered` at the host with what it said, perhaps twice, perhaps never. */
  call<Answer>(weather: Weather, handle: () => Answer, answered: (answer: Answer) => void): void {
    this.#carry(weather, () => {
      if (!this.#serverIsUp()) return;
      const answer = handle();
      this.#carry(weather, () => answered(answer));
    });
  }

  #carry(weather: Weather, deliver: () => void): void {
    this.messages += 1;
    const copies = this.#random.chance(weather.duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (weather.partitioned || this.#random.chance(weather.loss)) continue;
      const delay = 20 + this.#random.next() * (80 + weather.delayMs);
      this.#timeline.after(delay, () => {
        if (!weather.partitioned) deliver();
      });
    }
  }
}
