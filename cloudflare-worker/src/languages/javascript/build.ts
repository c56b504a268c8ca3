/** Names how values of a kept environment are written down. It is not tied to the runtime: they outlive its upgrades. */
export const BUILD = "javascript 1";
