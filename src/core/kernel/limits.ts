/** Every limit of the product, each with its reason. */

/** The longest version text that is read. The longest in a distribution is about 100 characters; npm itself stops at 256. Longer text is an attack or a mistake, and its key would no longer fit into a PostgreSQL index entry (2,704 bytes; keys have up to 5 bytes per character). */
export const MAX_VERSION_CHARS = 512;
/** A package's name in a list. Go's and Maven's names, the longest, stay under 200; every finding repeats it. */
export const MAX_PACKAGE_NAME_CHARS = 300;

/** The longest CPE name that is read. The NVD's longest are about 300 characters; each of eleven fields may be quoted throughout. */
export const MAX_CPE_CHARS = 2_000;

/** The largest feed that is read, in bytes after decompression. The largest in use are OSV's npm and Ubuntu archives (below 2 GB); more is a bomb or a mistake. */
export const MAX_FEED_BYTES = 3_000_000_000;

/** The same for a tar archive, which is read file by file: memory stays bounded whatever its size. Red Hat's VEX archive holds some 300,000 documents of 100 kB. */
export const MAX_TAR_BYTES = 60_000_000_000;

/** Up to this many bytes a feed file is unpacked in one go, which is faster than a stream; larger ones are streamed, so memory stays bounded. */
export const MAX_FEED_BYTES_AT_ONCE = 64_000_000;

/** How many times larger a feed may become when it is unpacked, once it is past 64 MB. Real feeds reach about 60 (repetitive JSON); a zip bomb 1,000 and more. */
export const MAX_FEED_EXPANSION = 200;

/** The longest single record of a feed, in bytes. The largest known are CSAF documents of kernel errata (about 30 MB). */
export const MAX_FEED_RECORD_BYTES = 64_000_000;

/** How deep the JSON of a feed may nest. CSAF's product tree, the deepest in use, stays below 20; JSON.parse itself would recurse. */
export const MAX_FEED_DEPTH = 200;

/** How many files of one archive (an OSV ecosystem zip) are read. npm, the largest, has about 220,000. */
export const MAX_ARCHIVE_FILES = 1_000_000;

/** The longest id of a vulnerability or advisory that is kept. The longest in use are below 60 characters; ids are index keys. */
export const MAX_VULNERABILITY_ID_CHARS = 128;

/** The longest note, title or word for severity that is kept of a feed's record. MITRE's descriptions reach some thousand characters; a record of 20 MB of text is a mistake that every list would carry. */
export const MAX_FEED_TEXT_CHARS = 4_000;

/** A feed that comes back with less than this share of the records of its last load is refused: publishers grow, broken exports shrink. */
export const MIN_FEED_SHARE = 0.7;

/** PostgreSQL connections per server process. Two cores are busy with 4 at once; 12 leave room for long reads, and a cluster's default limit of 100 for 8 replicas. */
export const DATABASE_CONNECTIONS_MAX = 12;
/** Runs of one transaction after serialization failures and deadlocks. Eight losses in a row mean a design fault, not bad luck. */
export const TRANSACTION_ATTEMPTS_MAX = 8;

/** The longest group query. The API takes the same; the longest that a person writes is a list of some 50 host names. */
export const MAX_GROUP_QUERY_CHARS = 2_000;
/** Levels of `not` and parentheses. People nest three deep; the parser recurses. */
export const MAX_GROUP_QUERY_DEPTH = 50;

/** How far back a host's own logs are read into its history, days. Debian keeps dpkg.log for 12 months; three years hold whatever a site keeps on purpose. */
export const MAX_HISTORY_DAYS = 1_100;

/** Request bodies of routes that name no limit of their own: no form of the console comes near it, and a parse of this size takes 10 ms. */
export const REQUEST_BYTES_MAX = 1_048_576;
/** JSON nesting of requests. The contract's deepest schema has 9 levels; 5,000 levels parse, and then overflow the stack when written (security.md 3). */
export const REQUEST_DEPTH_MAX = 32;
/** Sign-in attempts per account and per real address in a minute (security.md 3): guessing one 12-character password stays hopeless, mistyping does not lock out. */
export const SIGN_IN_PER_ACCOUNT_PER_MINUTE = 5;
export const SIGN_IN_PER_ADDRESS_PER_MINUTE = 20;
/** Enrolments per real address in a minute: a site behind one NAT address brings in 600 hosts, a guesser of 128-bit tokens gets nowhere. */
export const ENROLMENTS_PER_ADDRESS_PER_MINUTE = 600;
/** Counters of rate limits kept at once; the oldest go first. 50,000 are about 5 MB. */
export const RATE_KEYS_MAX = 50_000;
/** Event streams open at once; each costs about 13 kB (stack.md 4). */
export const EVENT_STREAMS_MAX = 3_000;

/** How often what hosts were last heard of is written down, seconds, all hosts in one statement. */
export const SEEN_FLUSH_SECONDS = 5;
/** How often at most one host's "last seen" is written, seconds. A host is called unreachable after minutes, so a minute is exact enough; 100,000 polling hosts then cost 1,700 rows a second and not 20,000. */
export const SEEN_STORED_EVERY_SECONDS = 60;
/** How long the digests of a host's stored inventory are believed without asking the database, seconds. Only another replica's write can make them wrong; a quarter of an hour is the age at which a fact is shown as old. */
export const HOST_STATE_TRUSTED_SECONDS = 900;
/** Vulnerabilities that one report's changelogs may name. One chromium upgrade names 3,600, a kernel 4,100; a host that names more than all of Debian's is not believed. */
export const MAX_CHANGELOG_CLAIMS_PER_REPORT = 50_000;

/** Password hashes computed at once: each takes 64 MiB and 135 ms of one core (security.md 3); more would starve the rest of the server. */
export const PASSWORD_HASHES_AT_ONCE = 2;
/** Password hashes that wait for their turn; with 2 at once the last of 40 waits 3 s. More are refused: a flood must not queue for ever. */
export const PASSWORD_HASHES_WAITING = 40;
/** Ends of a session: after 30 minutes without use, and 12 hours after sign-in whatever the use (security.md 3). */
export const SESSION_IDLE_MINUTES = 30;
export const SESSION_MINUTES = 720;
/** The link that the terminal shows works once; 15 minutes are enough to click it, too short for a log file to be of use. */
export const SIGN_IN_LINK_MINUTES = 15;
/** The first link of an empty installation opens nothing but an empty installation; a day lets somebody set it up after lunch. */
export const SETUP_LINK_MINUTES = 1_440;
/** Invitations: three days reach over a weekend. */
export const INVITATION_MINUTES = 4_320;
/** Addresses in one SSH import. Each is scanned and connected to from this server; larger sites import by the network segment. */
export const MAX_SSH_TARGETS_PER_IMPORT = 5_000;
/** Hosts that are scanned or connected to at once while they are added. 40 connections at once took 6 s on two cores when tried; 12 keep the server responsive. */
export const SSH_IMPORTS_AT_ONCE = 12;
/** How long an enrolment token may be used, minutes (security.md 1.3): log in to the host, paste, done. A token that leaks into a chat or a log is dead by then; making another costs a click. */
export const ENROLMENT_MINUTES = 10;
/** A host that was asked for a report and did not send one is asked again after this many seconds, so that a failing collector does not poll in a circle. */
export const REPORT_ASKED_AGAIN_SECONDS = 30;
/** How long a host's credential is believed from memory, seconds. A removal on another replica takes effect within it. */
export const AGENT_CREDENTIAL_TRUSTED_SECONDS = 30;

/** The longest line that a CLI filter reads. Two versions or a CVSS vector take a few hundred characters; without a bound one endless line fills memory. */
export const MAX_LINE_CHARS = 1_000_000;

/** Distinct texts whose version keys are remembered while lines are compared: 5 MB. A host's package list has below 1,000; a larger table only cost time and memory when measured. */
export const VERSION_KEYS_REMEMBERED = 20_000;

/** Free bytes that a first start needs: binaries 60 MB, an empty cluster 45 MB, write-ahead log 16 to 64 MB. */
export const FREE_BYTES_FIRST_START = 250_000_000;
/** Free bytes below which a start is refused: PostgreSQL stops in the middle of a write when its log cannot grow by one 16 MB segment. */
export const FREE_BYTES_MIN = 40_000_000;
/** The server log: five files of 10 MB hold weeks of a quiet installation and never fill a disk. */
export const LOG_FILE_BYTES_MAX = 10_000_000;
export const LOG_FILES_MAX = 5;

/** The largest package list or SBOM that is read. A host's list has about 100 KB; SBOMs of large images reach 50 MB. */
export const MAX_PACKAGE_LIST_BYTES = 256_000_000;
/** The largest download of one feed, bytes as they come over the wire. OSV's npm archive, the largest in use, is about 250 MB. */
export const MAX_FEED_DOWNLOAD_BYTES = 1_000_000_000;
/** Silence that ends a download, seconds: a publisher that packs its file at the first byte has answered by then. */
export const FEED_IDLE_SECONDS = 30;
/** One try at a download, minutes: SUSE's archive, 445 MB, takes 19 at 400 kB/s; a slower line goes on where it stopped the next time. */
export const FEED_DOWNLOAD_MINUTES = 20;
/** Documents of a publisher's changes.csv that one sync fetches; the next goes on. Red Hat changes some 500 a day, and four syncs a day take 4,000. */
export const FEED_DOCUMENTS_AT_ONCE = 1_000;
/** Pages of one feed that a sync follows. GitHub changes some 100 advisories a day (a page), and answers 60 requests an hour to callers without an account. */
export const FEED_PAGES_MAX = 20;
/** How often feeds with a URL are fetched, hours. Debian's tracker is rebuilt four times a day; KEV and EPSS once. */
export const FEED_SYNC_HOURS = 6;
/** After a failure a feed is tried again this soon, minutes. */
export const FEED_RETRY_MINUTES = 30;
/** Heap of the thread that reads feeds, MB. The Ubuntu tracker (406,000 claims) needs some 300; a record of 64 MB, the largest that is read, some 600. */
export const FEED_THREAD_HEAP_MB = 1_200;
/** How long a process may hold a feed while it loads it, minutes. The largest feed takes some two; after this another process may try. */
export const FEED_LEASE_MINUTES = 45;
/** Records put aside of one load that are kept to look at. More of the same help nobody. */
export const QUARANTINE_KEPT = 100;

/** Minutes of silence after which a host is called unreachable. Agents check in every minute or faster; an hour is a reboot that hangs, not a slow network. The server's own machine is read by the server. */
export const UNREACHABLE_AFTER_MINUTES = { local: 60, agent: 60, ssh: 1_560, upload: null } as const;
/** An inventory older than this is stale: what it says is shown, and no coverage counts it (domain.md section 5). */
export const STALE_AFTER_DAYS = 7;
/** Findings that are sorted freely; above it they come host by host. 20,000 take some 30 ms to sort, and nobody reads further. */
export const FINDINGS_SORTED_MAX = 20_000;
/** Statements (package version, vulnerability) of one VEX document: they are gathered before the first byte is sent, some 3 µs each in which nobody else is served. */
export const VEX_STATEMENTS_MAX = 100_000;
/** Chains of exceptions that have run out and are looked at for the figures, the last ones first. Each look costs some milliseconds for a scope of thousands of hosts, and whoever has 200 to clear knows enough. */
export const EXPIRED_CHAINS_MAX = 200;
/** Hosts whose history is read for time to patch. 2,000 hosts bound the work to some seconds and the error of a share to 2 percent. */
export const TIME_TO_PATCH_HOSTS_MAX = 2_000;

/** The largest archive that is opened; it is read as a whole. npm's OSV archive, the largest, has about 200 MB. */
export const MAX_ARCHIVE_BYTES = 1_500_000_000;
/** Rows that one host may add to the fleet-wide tables in a day. The first host of a fleet brings some 1,000 versions, 500 offers and a few thousand old changes; a large desktop 5,000. */
export const NEW_ROWS_PER_HOST_PER_DAY = 30_000;
/** What `fettle scan` keeps of feeds in the user's cache folder: Debian's tracker for one release takes some 12 MB, and the day is part of its name. */
export const SCAN_CACHE_FILES_MAX = 8;
export const SCAN_CACHE_BYTES_MAX = 200_000_000;
