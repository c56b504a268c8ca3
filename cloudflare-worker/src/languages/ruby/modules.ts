/** Ruby's libraries and the Node name that governs each: the Ruby row of the one table in executor/modules.py, with the methods that start processes. */
import type { Counterparts } from "../../isolate/gate.js";

export const COUNTERPARTS: Counterparts = {
  fileutils: "fs", tempfile: "fs", tmpdir: "fs", pathname: "path", digest: "crypto", openssl: "crypto", securerandom: "crypto",
  "net/http": "http", "net/protocol": "http", "open-uri": "http", zlib: "zlib", socket: "net", open3: "child_process", pty: "child_process", js: "vm", fiddle: "vm",
  system: "child_process",
};
