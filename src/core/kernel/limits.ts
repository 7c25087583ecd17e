/** Every limit of the product, each with its reason. */

/** The longest version text that is read. The longest in a distribution is about 100 characters; npm itself stops at 256. Longer text is an attack or a mistake, and an index entry in PostgreSQL ends at 2,704 bytes. */
export const MAX_VERSION_CHARS = 1_024;
