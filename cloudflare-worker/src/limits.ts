/** Every limit of the Worker, each with its unit last. Nothing here decides; the code that enforces a limit imports it. */

export const REQUEST_LINE_BYTES_MAX = 64 * 1024 * 1024;
export const FILES_COUNT_MAX = 1000;
export const FILES_BYTES_MAX = 32 * 1024 * 1024;
export const FILE_NAME_CHARS_MAX = 512;
export const ARGV_COUNT_MAX = 256;
export const ARGV_CHARS_MAX = 64 * 1024;
export const ENV_CHARS_MAX = 1024 * 1024;
export const CONTEXT_CHARS_MAX = 4 * 1024 * 1024;
export const STDIN_CHARS_MAX = 16 * 1024 * 1024;
export const STDIN_LINE_BYTES_MAX = 4 * 1024 * 1024;
export const MODULES_COUNT_MAX = 512;
export const TIMEOUT_MS_MAX = 300_000;
export const MEMORY_BYTES_MAX = 1024 * 1024 * 1024;
export const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
export const ARTIFACT_BYTES_MAX = 64 * 1024 * 1024;
export const ARTIFACTS_COUNT_MAX = 1000;
export const STATE_BYTES_MAX = 32 * 1024 * 1024;
export const STATE_FILES_MAX = 1000;
/** A piece of state on the wire, before it is base64. A multiple of three, so that pieces join. */
export const STATE_PIECE_BYTES = 768 * 1024;
export const VARIABLES_COUNT_MAX = 500;
export const VARIABLE_NAME_CHARS_MAX = 200;
export const VARIABLE_TEXT_CHARS_MAX = 200;
export const DISPLAY_CHARS_MAX = 8 * 1024 * 1024;
export const RESULT_CHARS_MAX = 1024 * 1024;
export const RESULT_DEPTH_MAX = 100;
export const ERROR_TEXT_CHARS_MAX = 64 * 1024;
export const PROMPT_CHARS_MAX = 64 * 1024;

/** A frame carries no more than this besides its text, artifacts or display. */
export const FRAME_OVERHEAD_BYTES_MAX = 4 * 1024 * 1024;
/** Display and input frames cost the program this much of its output allowance, so that they cannot be sent without end. */
export const SMALL_FRAME_BYTES = 256;

/** The host's own deadline comes first; this one serves where nobody else can end an isolate. */
export const DEADLINE_GRACE_MS = 500;
/** How long a program whose main promise waits for nothing we know of is left alone before it counts as never settling. */
export const UNSETTLED_GRACE_MS = 500;

/** What one run may do on the network; each hop of a redirect is a request. */
export const EGRESS_REQUESTS_MAX = 200;
export const EGRESS_CONCURRENT_MAX = 8;
export const EGRESS_OUT_BYTES_MAX = 8 * 1024 * 1024;
export const EGRESS_IN_BYTES_MAX = 64 * 1024 * 1024;
export const EGRESS_REQUEST_MS_MAX = 30_000;
export const EGRESS_URL_CHARS_MAX = 8192;
export const EGRESS_HEADER_BYTES_MAX = 64 * 1024;
export const EGRESS_HOSTS_COUNT_MAX = 1000;
