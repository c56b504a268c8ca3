/** What Shell adds to a Worker: the shell, needed only where Shell runs. */
import { buildGuest } from "../../../scripts/guest-build.mjs";

export default await buildGuest("shell", { bundle: { external: ["node:*"] } });
