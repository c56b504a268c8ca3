/** What HTML adds to a Worker: the checkers, needed only where pages are executed. */
import { buildGuest, pinned } from "../../../scripts/guest-build.mjs";

pinned("htmlhint", "1.9.2");
pinned("css-tree", "3.2.1");
export default await buildGuest("html", { bundle: { alias: { "css-tree": "css-tree/dist/csstree.esm" } } });
