/** Dates: `strftime` and the texts that `date -d` understands. The time zone is UTC, or what TZ says as POSIX offset. */
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const DAY_MS = 86_400_000;

/** Minutes that a zone is ahead of UTC at a time, and its name. */
export function zone(tz: string | undefined, ms: number): { minutes: number; name: string } {
  if (tz === undefined || tz === "" || tz === "UTC" || tz === "UTC0" || tz === "GMT" || tz === "Etc/UTC") return { minutes: 0, name: tz === "GMT" ? "GMT" : "UTC" };
  const posix = /^([A-Za-z]{3,})([+-]?\d{1,2})(?::(\d{2}))?$/.exec(tz);
  if (posix !== null) return { minutes: -(Number(posix[2]) * 60 + (posix[2]!.startsWith("-") ? -1 : 1) * Number(posix[3] ?? 0)), name: posix[1]! };
  try {
    const parts = Object.fromEntries(new Intl.DateTimeFormat("en-US", { timeZone: tz, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" }).formatToParts(ms).map(({ type, value }) => [type, value]));
    const local = Date.UTC(Number(parts.year), Number(parts.month) - 1, Number(parts.day), Number(parts.hour), Number(parts.minute), Number(parts.second));
    const name = new Intl.DateTimeFormat("en-US", { timeZone: tz, timeZoneName: "short" }).formatToParts(ms).find(({ type }) => type === "timeZoneName")?.value ?? tz;
    return { minutes: Math.round((local - Math.floor(ms / 1000) * 1000) / 60000), name };
  } catch {
    return { minutes: 0, name: "UTC" };
  }
}

export function strftime(format: string, ms: number, tz?: string, nanoseconds = 0): string {
  const { minutes, name } = zone(tz, ms);
  const date = new Date(ms + minutes * 60000);
  const two = (value: number, fill = "0"): string => String(value).padStart(2, fill);
  const [year, month, day, weekday] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(), date.getUTCDay()] as [number, number, number, number];
  const yday = Math.floor((Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / DAY_MS);
  const hour = date.getUTCHours();
  const iso = (): { year: number; week: number } => {
    const thursday = new Date(Date.UTC(year, month, day) + (3 - ((weekday + 6) % 7)) * DAY_MS);
    const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
    return { year: thursday.getUTCFullYear(), week: 1 + Math.floor((thursday.getTime() - first) / (7 * DAY_MS)) };
  };
  const offset = (colon: string): string => `${minutes < 0 ? "-" : "+"}${two(Math.floor(Math.abs(minutes) / 60))}${colon}${two(Math.abs(minutes) % 60)}`;
  const one = (kind: string): string | null => {
    switch (kind) {
      case "a": return DAYS[weekday]!.slice(0, 3);
      case "A": return DAYS[weekday]!;
      case "b":
      case "h": return MONTHS[month]!.slice(0, 3);
      case "B": return MONTHS[month]!;
      case "c": return `${one("a")} ${one("b")} ${two(day, " ")} ${one("T")} ${year}`;
      case "C": return two(Math.floor(year / 100));
      case "d": return two(day);
      case "D":
      case "x": return `${two(month + 1)}/${two(day)}/${two(year % 100)}`;
      case "e": return two(day, " ");
      case "F": return `${year}-${two(month + 1)}-${two(day)}`;
      case "g": return two(iso().year % 100);
      case "G": return String(iso().year);
      case "H": return two(hour);
      case "I": return two(hour % 12 || 12);
      case "j": return String(yday + 1).padStart(3, "0");
      case "k": return two(hour, " ");
      case "l": return two(hour % 12 || 12, " ");
      case "m": return two(month + 1);
      case "M": return two(date.getUTCMinutes());
      case "n": return "\n";
      case "N": return String((date.getUTCMilliseconds() * 1_000_000 + nanoseconds) % 1_000_000_000).padStart(9, "0");
      case "p": return hour < 12 ? "AM" : "PM";
      case "P": return hour < 12 ? "am" : "pm";
      case "q": return String(Math.floor(month / 3) + 1);
      case "r": return `${two(hour % 12 || 12)}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} ${hour < 12 ? "AM" : "PM"}`;
      case "R": return `${two(hour)}:${two(date.getUTCMinutes())}`;
      case "s": return String(Math.floor(ms / 1000));
      case "S": return two(date.getUTCSeconds());
      case "t": return "\t";
      case "T":
      case "X": return `${two(hour)}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
      case "u": return String(weekday || 7);
      case "U": return two(Math.floor((yday + 7 - weekday) / 7));
      case "V": return two(iso().week);
      case "w": return String(weekday);
      case "W": return two(Math.floor((yday + 7 - ((weekday + 6) % 7)) / 7));
      case "y": return two(year % 100);
      case "Y": return String(year);
      case "z": return offset("");
      case "Z": return name;
      case "%": return "%";
      default: return null;
    }
  };
  return format.replace(/%([-_0^#]*)(\d*)(:{0,2}z|[A-Za-z%])/g, (whole, flags: string, width: string, kind: string) => {
    if (kind.startsWith(":")) return offset(":") + (kind === "::z" ? ":00" : "");
    let text = one(kind);
    if (text === null) return whole;
    if (flags.includes("-")) text = text.replace(/^[0 ]+(?=.)/, "");
    if (flags.includes("_")) text = text.replace(/^0+(?=.)/, (zeros) => " ".repeat(zeros.length));
    if (flags.includes("0")) text = text.replace(/^ +/, (blanks) => "0".repeat(blanks.length));
    if (flags.includes("^")) text = text.toUpperCase();
    if (kind === "N" && width !== "") return text.slice(0, Number(width));
    if (width !== "") text = text.padStart(Number(width), flags.includes("_") || /[aAbBhpPZ]/.test(kind) ? " " : "0");
    return text;
  });
}

const UNITS_MS: Readonly<Record<string, number>> = { sec: 1000, second: 1000, min: 60_000, minute: 60_000, hour: 3_600_000, day: DAY_MS, week: 7 * DAY_MS, fortnight: 14 * DAY_MS };
const NUMBERS: Readonly<Record<string, number>> = { last: -1, this: 0, next: 1, first: 1, third: 3, fourth: 4, fifth: 5, sixth: 6, seventh: 7, eighth: 8, ninth: 9, tenth: 10, eleventh: 11, twelfth: 12, a: 1, an: 1 };
const ZONES: Readonly<Record<string, number>> = { utc: 0, gmt: 0, z: 0, est: -300, edt: -240, cst: -360, cdt: -300, mst: -420, mdt: -360, pst: -480, pdt: -420, cet: 60, cest: 120, bst: 60, jst: 540, ist: 330 };

/** The time that a text means, or null. */
export function parseDate(text: string, nowMs: number, tz?: string): number | null {
  let rest = text.trim().toLowerCase().replace(/\([^)]*\)/g, " ");
  const epoch = /^@(-?\d+(?:\.\d+)?)$/.exec(rest);
  if (epoch !== null) return Number(epoch[1]) * 1000;
  const shift = zone(tz, nowMs).minutes;
  const now = new Date(nowMs + shift * 60000);
  let date: [number, number, number] | null = null;
  let time: [number, number, number, number] | null = null;
  let minutes: number | null = null;
  let months = 0;
  let extra = 0;
  let weekday: { day: number; weeks: number } | null = null;
  let midnight = false;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const found = pattern.exec(rest);
    if (found !== null) rest = rest.slice(found[0].length);
    return found;
  };
  const month = (name: string): number => MONTHS.findIndex((full) => full.toLowerCase().startsWith(name.slice(0, 3)));
  let found: RegExpExecArray | null = null;
  const on = (pattern: RegExp): boolean => {
    found = take(pattern);
    return found !== null;
  };
  while (rest !== "") {
    if (take(/^[\s,]+/) !== null) continue;
    if (on(/^(\d{4})-(\d{1,2})-(\d{1,2})(?:t(?=\d))?/)) date = [Number(found![1]), Number(found![2]) - 1, Number(found![3])];
    else if (on(/^(\d{4})\/(\d{1,2})\/(\d{1,2})/)) date = [Number(found![1]), Number(found![2]) - 1, Number(found![3])];
    else if (on(/^(\d{1,2})\/(\d{1,2})\/(\d{2,4})/)) date = [century(found![3]!), Number(found![1]) - 1, Number(found![2])];
    else if (on(/^(\d{4})(\d{2})(\d{2})(?!\d)/)) date = [Number(found![1]), Number(found![2]) - 1, Number(found![3])];
    else if (on(/^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*(am|pm)?/)) time = clock(found!);
    else if (on(/^(\d{1,2})\s*(am|pm)\b/)) time = clock([found![0]!, found![1]!, "0", undefined, undefined, found![2]] as unknown as RegExpExecArray);
    else if (time !== null && on(/^([+-])(\d{2}):?(\d{2})?(?!\d|\s*[a-z])/)) minutes = (found![1] === "-" ? -1 : 1) * (Number(found![2]) * 60 + Number(found![3] ?? 0));
    else if (on(/^(\d{1,2})[\s-]+(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?(?:[\s,-]+(\d{4})(?!:))?/)) date = [Number(found![3] ?? now.getUTCFullYear()), month(found![2]!), Number(found![1])];
    else if (on(/^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?![\d:])(?:[\s,]+(\d{4})(?!:))?/)) date = [Number(found![3] ?? now.getUTCFullYear()), month(found![1]!), Number(found![2])];
    else if (on(/^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\s+(\d{4})/)) date = [Number(found![2]), month(found![1]!), 1];
    else if (take(/^now\b/) !== null || take(/^ago\b/) !== null) continue;
    else if (take(/^today\b/) !== null) continue;
    else if (take(/^tomorrow\b/) !== null) extra += DAY_MS;
    else if (take(/^yesterday\b/) !== null) extra -= DAY_MS;
    else if (take(/^midnight\b/) !== null) midnight = true;
    else if (take(/^noon\b/) !== null) time = [12, 0, 0, 0];
    else if (on(/^([+-]?\s*\d+|last|this|next|an?|first|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth)\s*(seconds?|secs?|minutes?|mins?|hours?|days?|weeks?|fortnights?|months?|years?)\b(\s+ago\b)?/)) {
      const count = (NUMBERS[found![1]!] ?? Number(found![1]!.replace(/\s/g, ""))) * (found![3] === undefined ? 1 : -1);
      const unit = found![2]!.replace(/s$/, "");
      if (unit === "month") months += count;
      else if (unit === "year") months += 12 * count;
      else extra += count * UNITS_MS[unit]!;
    } else if (on(/^(seconds?|minutes?|hours?|days?|weeks?|months?|years?)\b(\s+ago\b)?/)) {
      const count = found![2] === undefined ? 1 : -1;
      const unit = found![1]!.replace(/s$/, "");
      if (unit === "month") months += count;
      else if (unit === "year") months += 12 * count;
      else extra += count * UNITS_MS[unit]!;
    } else if (on(/^(?:(last|next|this)\s+)?(sun|mon|tue|wed|thu|fri|sat)[a-z]*\.?/)) weekday = { day: DAYS.findIndex((name) => name.toLowerCase().startsWith(found![2]!)), weeks: found![1] === "last" ? -1 : found![1] === "next" ? 1 : 0 };
    else if (on(/^([a-z]+)\b/) && ZONES[found![1]!] !== undefined) minutes = ZONES[found![1]!]!;
    else if (date !== null && on(/^(\d{4})(?!\d)/)) date[0] = Number(found![1]);
    else return null;
  }
  if (time === null && (date !== null || weekday !== null || midnight)) time = [0, 0, 0, 0];
  const [hour, minute, second, milli] = time ?? [now.getUTCHours(), now.getUTCMinutes(), now.getUTCSeconds(), now.getUTCMilliseconds()];
  let [year, monthAt, day] = date ?? [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  if (hour > 23 || minute > 59 || second > 60 || monthAt < 0 || monthAt > 11 || day < 1 || day > new Date(Date.UTC(year, monthAt + 1, 0)).getUTCDate()) return null;
  if (weekday !== null && date === null) {
    const today = new Date(Date.UTC(year, monthAt, day)).getUTCDay();
    let ahead = (weekday.day - today + 7) % 7;
    if (weekday.weeks > 0 && ahead === 0) ahead = 7;
    if (weekday.weeks < 0) ahead -= 7;
    day += ahead;
  }
  monthAt += months;
  const offset = minutes ?? zone(tz, Date.UTC(year, monthAt, day, hour, minute, second)).minutes;
  return Date.UTC(year, monthAt, day, hour, minute, second, milli) + extra - offset * 60000;
}
const century = (text: string): number => (text.length > 2 ? Number(text) : Number(text) + (Number(text) < 69 ? 2000 : 1900));
function clock(found: RegExpExecArray): [number, number, number, number] {
  let hour = Number(found[1]);
  if (found[5] === "pm" && hour < 12) hour += 12;
  if (found[5] === "am" && hour === 12) hour = 0;
  return [hour, Number(found[2]), Number(found[3] ?? 0), Number(`0.${found[4] ?? 0}`) * 1000];
}
