/** What ends a whole run, from wherever it is noticed. Faults of one command are where they are made. */

/** A limit that a program may not get around. */
export class LimitFault extends Error {}
/** Of memory. */
export class MemoryFault extends LimitFault {}
