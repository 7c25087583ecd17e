/** How long a state may last, in minutes, each with its reason (domain.md 2.4 and 2.12). The transition tables name them; the reconciler keeps them. */
const HOUR = 60;
const DAY = 24 * HOUR;

/** A simulation takes a host 0.4 to 2 s; a polling agent hears of it within a minute. Five minutes cover one slow check-in; the rest is predicted. */
export const REHEARSAL_MINUTES = 5;
/** A plan that nobody asks approval for describes package versions that have moved on. */
export const PLANNED_MINUTES = 14 * DAY;
/** domain.md 2.12: approval 14 days. */
export const APPROVAL_MINUTES = 14 * DAY;
/** An approval names versions; after this horizon the plan must be made and approved anew (domain.md 2.5). */
export const APPROVAL_VALID_MINUTES = 30 * DAY;
/** domain.md 2.12: a pause lasts seven days at most, then the rollout is halted (L4). */
export const PAUSED_MINUTES = 7 * DAY;
/** The same for an emergency: what cannot wait is not left lying for a week. */
export const EMERGENCY_PAUSED_MINUTES = DAY;
/** domain.md 2.3: a ring that some hosts never reach asks a person after 72 hours. */
export const RING_MINUTES = 72 * HOUR;
/** domain.md 2.4: three polls, at least five minutes. */
export const OFFER_MINUTES = 5;
export const PRECHECK_MINUTES = 10;
export const STAGING_MINUTES = 60;
/** A host with a staged job asks for its permit again and again; silence this long means that it is gone. */
export const STAGED_SILENCE_MINUTES = 30;
/** Longer than any silent stretch of dpkg seen (initramfs on slow disks: about 4 minutes), short enough that a person learns of a lost host at once. */
export const INSTALLING_SILENCE_MINUTES = 10;
export const REBOOT_PENDING_SILENCE_MINUTES = 30;
/** domain.md 2.4. A server with a long firmware start takes up to 15 minutes. */
export const REBOOTING_MINUTES = 20;
export const VERIFYING_MINUTES = 15;
export const RECONCILING_MINUTES = 15;
/** domain.md 2.4: 24 hours, then a person has to look. */
export const LOST_MINUTES = DAY;
/** domain.md 2.4: servers that stay away are given up after 14 days of catching up. */
export const UNREACHABLE_MINUTES = 14 * DAY;
/** A change request that is being implemented ends with its rollout, whose own states have deadlines; the review is a person's. */
export const REVIEW_MINUTES = 14 * DAY;
/** domain.md 2.12: a hold without an end is forbidden; thirty days at most, then somebody renews it. */
export const HOLD_DAYS_MAX = 30;
