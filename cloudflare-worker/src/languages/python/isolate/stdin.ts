/** What the host says after the request line: typed text, or the end of it.
 * Never hands out a line twice. */

import { STDIN_LINE_BYTES_MAX } from "../../../limits.js";
import type { LineReader } from "../../../lines.js";
import { parseStdin } from "../../../wire.js";

export class Stdin {
  private ended = false;

  constructor(private readonly lines: LineReader) {}

  /** The next typed text, or null once no more can come. */
  async read(): Promise<string | null> {
    while (!this.ended) {
      const line = await this.lines.next(STDIN_LINE_BYTES_MAX);
      if (line === null) break;
      const said = parseStdin(line);
      if (said === null) continue;
      if (said.eof) this.ended = true;
      if (said.data !== "") return said.data;
    }
    this.ended = true;
    return null;
  }
}
