/** Commands and the Node name that governs each: the Shell row of the one table in executor/modules.py. */
import type { Counterparts } from "../../isolate/gate.js";

export const COUNTERPARTS: Counterparts = {
  curl: "http", wget: "http", gzip: "zlib", gunzip: "zlib", zcat: "zlib", tar: "zlib", sha256sum: "crypto", sha1sum: "crypto", md5sum: "crypto", nc: "net", ssh: "net",
  python: "child_process", python3: "child_process", node: "child_process", ruby: "child_process", xargs: "child_process", bash: "child_process", sh: "child_process",
};

/** Allowed or not: these programs are not here. */
export const ABSENT: readonly string[] = ["nc", "ssh", "python", "python3", "node", "ruby"];

/** The same for commands of other languages' programs: they may run while their caller waits, and nothing can be asked over the network then. */
export const ABSENT_IN_COMMANDS: readonly string[] = [...ABSENT, "curl", "wget"];
