/**
 * Whether every local change is known to be on the server's disk: a pure state machine, told what happened.
 * It never guesses: without a confirmation it says "saving", never "saved".
 *
 * The binary lane has no acknowledgements. Both lanes share one ordered socket, so a `ping` sent after a change is
 * answered with a room version that includes the change (a fence); `saved {version}` at or above it confirms it.
 */

export type SaveStatus =
  | { kind: 'unknown' } // nothing of ours is waiting, and the server has confirmed nothing yet
  | { kind: 'saving' }
  | { kind: 'saved'; version: number }
  | { kind: 'failed'; message: string } // the server says that it cannot write
  | { kind: 'refused'; message: string }; // the server did not take our change

interface Fence {
  changes: number;
  version: number;
}

export class SaveState {
  private changes = 0;
  private confirmed = 0;
  private fence: Fence | null = null;
  private savedVersion: number | null = null;
  private failure: string | null = null;
  private refusal: string | null = null;

  /** A local change was made (and handed to the socket if there is one). */
  changed(): void {
    this.changes += 1;
  }

  /** The mark to pass to `fenced` when the answer to a ping sent now arrives. */
  mark(): number {
    return this.changes;
  }

  /** True when the newest local change has no version yet: time for a ping. */
  get needsFence(): boolean {
    return this.fence === null || this.fence.changes !== this.changes;
  }

  /** True while local changes exist that no server has confirmed to be on disk. */
  get pending(): boolean {
    return this.changes > this.confirmed || this.refusal !== null;
  }

  fenced(mark: number, version: number, savedVersion?: number): void {
    this.fence = { changes: mark, version };
    if (savedVersion !== undefined) this.raise(savedVersion);
    this.confirm();
  }

  saved(version: number): void {
    this.failure = null;
    this.raise(version);
    this.confirm();
  }

  failed(message: string): void {
    this.failure = message;
  }

  refused(message: string): void {
    this.refusal = message;
  }

  /** The server takes changes again, and asks for those that it did not take. */
  lifted(): void {
    this.refusal = null;
  }

  /** Versions are promises of one connection: after a reconnect everything has to be confirmed anew. */
  disconnected(): void {
    this.fence = null;
    this.savedVersion = null;
    this.failure = null;
  }

  get status(): SaveStatus {
    if (this.refusal !== null) return { kind: 'refused', message: this.refusal };
    if (this.failure !== null) return { kind: 'failed', message: this.failure };
    if (this.fence !== null && this.fence.changes === this.changes && this.covers(this.fence)) {
      return { kind: 'saved', version: this.savedVersion ?? this.fence.version };
    }
    return this.changes > this.confirmed ? { kind: 'saving' } : { kind: 'unknown' };
  }

  private raise(version: number): void {
    this.savedVersion = Math.max(this.savedVersion ?? 0, version);
  }

  private covers(fence: Fence): boolean {
    return this.savedVersion !== null && this.savedVersion >= fence.version;
  }

  private confirm(): void {
    if (this.fence !== null && this.covers(this.fence)) this.confirmed = Math.max(this.confirmed, this.fence.changes);
  }
}
