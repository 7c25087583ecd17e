/**
 * The right of one job to act on its host; the desk's jobs have it one at a time. A job passes it on while it waits for a permit and takes it before it asks
 * again, so whoever gets a permit to reboot, to install or to go on after another's reboot has the host for itself: until it ends, or waits for a permit anew.
 */
export interface Turn {
  /** False while another job has it. */
  take(): boolean;
  pass(): void;
  /** How many reboots the desk's jobs have asked for. */
  reboots(): number;
  noteReboot(): void;
}

/**
 * Shorter than any pause of a job that has passed its turn on (`ASK_MS.least` in decide.ts): nobody who waits is passed over for ever.
 */
export const TURN_PAUSE_MS = 250;

export class HostTurns {
  private holder: Turn | null = null;
  private reboots = 0;

  get free(): boolean {
    return this.holder === null;
  }

  /** One more job, which does not have the turn yet. */
  enter(): Turn {
    const turn: Turn = {
      take: () => {
        this.holder ??= turn;
        return this.holder === turn;
      },
      pass: () => {
        if (this.holder === turn) this.holder = null;
      },
      reboots: () => this.reboots,
      noteReboot: () => void this.reboots++,
    };
    return turn;
  }
}
