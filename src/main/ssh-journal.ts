import { setTimeout as wait } from 'node:timers/promises';
import { JobLeft } from '../agent/job-context.ts';
import type { Journal, JournalEntry } from '../agent/journal.ts';
import type { RunOptions, Transport } from '../plugins/transports/spec.ts';
import type { SshJournals } from '../server/inventory/ssh-journal.ts';
import type { SshLease } from '../server/inventory/ssh-leases.ts';

const RETRY_MS = 1_000;

/**
 * The journal of one host's jobs by SSH, in the database, so that another server can go on with what one has begun. A write under a lease that went
 * elsewhere ends the job here. A database that is away for a moment is asked again for as long as the lease holds.
 */
export function sshJournal(journals: SshJournals, lease: SshLease): Journal {
  const { hostId } = lease;
  return {
    read: async planId => (await journals.read(hostId, planId)) as JournalEntry | null,
    list: async () => (await journals.list(hostId)) as JournalEntry[],
    highestSequence: () => journals.highestSequence(hostId),
    async write(entry) {
      const row = { planId: entry.planId, sequence: entry.sequence, isOpen: entry.acknowledgedAt === null, entry };
      for (;;) {
        try {
          if (lease.isValid() && (await journals.write(lease, row))) return;
          throw new JobLeft();
        } catch (error) {
          if (error instanceof JobLeft || !lease.isValid()) throw new JobLeft();
          await wait(RETRY_MS);
        }
      }
    },
  };
}

/** Nothing is asked of a host without the lease: a process that was stopped and goes on finds it gone here. */
export function underLease(transport: Transport, lease: SshLease): Transport {
  const check = () => {
    if (!lease.isValid()) throw new JobLeft();
  };
  return {
    reach: transport.reach,
    get canBeRoot() {
      return transport.canBeRoot;
    },
    async connect() {
      check();
      await transport.connect();
    },
    async run(argv: readonly string[], options: RunOptions) {
      check();
      return transport.run(argv, options);
    },
    async readFile(path, maxBytes, options) {
      check();
      return transport.readFile(path, maxBytes, options);
    },
    close: () => transport.close(),
  };
}
