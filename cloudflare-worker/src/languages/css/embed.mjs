/** What CSS adds to a Worker: the checker, needed only where style sheets are executed. */
import { buildGuest, pinned } from "../../../scripts/guest-build.mjs";

pinned("css-tree", "3.2.1");
export default await buildGuest("css", { bundle: { alias: { "css-tree": "css-tree/dist/csstree.esm" } } });
