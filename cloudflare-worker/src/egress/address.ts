/**
 * Says why a URL may not be asked, from its text alone: scheme, port, name, and every address that is not public.
 * What a name resolves to is not known here; that is the network service's part (the same list of networks, executor/workerd.py).
 */
import table from "./networks.json";

/** Ports below 1024 are closed but for these. */
const LOW_PORTS: ReadonlySet<number> = new Set([80, 443]);
/** Protocols that an HTTP request could be smuggled into: the Fetch standard's bad ports above 1023, and well-known stores and control planes. */
const CLOSED_PORTS: ReadonlySet<number> = new Set([1719, 1720, 1723, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 6000, 6379, 6443, 6566, 6665, 6666, 6667,
  6668, 6669, 6679, 6697, 9042, 9200, 9300, 10080, 10250, 11211, 27017]);
/** Names that mean this machine, this network or a cloud's metadata. */
const PRIVATE_NAMES = ["localhost", "localdomain", "local", "internal", "intranet", "lan", "corp", "home", "private", "home.arpa", "onion"];
const NAME_CHARS_MAX = 253;

interface Network { bits: number; prefix: number; value: bigint }

function v4(text: string): bigint | null {
  const parts = text.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return null;
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function v6(text: string): bigint | null {
  const [head = "", tail, more] = text.split("::");
  if (more !== undefined || /[^0-9a-f:]/i.test(text)) return null;
  const list = (part: string) => (part === "" ? [] : part.split(":"));
  const [front, back] = [list(head), list(tail ?? "")];
  const missing = 8 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return null;
  return [...front, ...Array<string>(missing).fill("0"), ...back].reduce((sum, part) => (sum << 16n) | BigInt(`0x${part}`), 0n);
}

export function network(text: string): Network {
  const [address = "", prefix = ""] = text.split("/");
  const bits = address.includes(":") ? 128 : 32;
  const value = bits === 128 ? v6(address) : v4(address);
  if (value === null || !/^\d+$/.test(prefix) || Number(prefix) > bits) throw new Error(`no network: ${text}`);
  return { bits, prefix: Number(prefix), value };
}

const DENIED = table.denied.map(network);
const holds = ({ bits, prefix, value }: Network, size: number, address: bigint): boolean => {
  const rest = BigInt(bits - prefix);
  return bits === size && value >> rest === address >> rest;
};

function addressFault(size: number, address: bigint, exceptions: readonly Network[]): string | null {
  if (exceptions.some((one) => holds(one, size, address))) return null;
  return DENIED.some((one) => holds(one, size, address)) ? "it is no public address" : null;
}

/** @param url as the URL standard writes it: octal, hexadecimal, decimal and full-width spellings of an address are its plain form by now. */
export function urlFault(url: URL, schemes: readonly string[], exceptions: readonly Network[] = []): string | null {
  const scheme = url.protocol.slice(0, -1);
  if (!schemes.includes(scheme)) return `the scheme "${scheme}" is not allowed here, only ${schemes.join(" and ")}`;
  const host = hostOf(url);
  if (host === "" || host.length > NAME_CHARS_MAX) return "its host name has no acceptable length";
  const fault = host.startsWith("[") ? literalFault(host.slice(1, -1), exceptions) : nameFault(host, exceptions);
  if (fault !== null) return fault;
  const port = url.port === "" ? (scheme === "https" ? 443 : 80) : Number(url.port);
  return (port < 1024 && !LOW_PORTS.has(port)) || CLOSED_PORTS.has(port) ? `port ${port} is closed to programs` : null;
}

export const hostOf = (url: URL): string => url.hostname.toLowerCase().replace(/\.+$/, "");

export const isAddress = (url: URL): boolean => url.hostname.startsWith("[") || v4(hostOf(url)) !== null;

function literalFault(text: string, exceptions: readonly Network[]): string | null {
  const address = v6(text);
  return address === null ? "it is no address" : addressFault(128, address, exceptions);
}

function nameFault(host: string, exceptions: readonly Network[]): string | null {
  const address = v4(host);
  if (address !== null) return addressFault(32, address, exceptions);
  if (!/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(host) || /^(0x[0-9a-f]*|\d+)$/.test(host.split(".").at(-1) ?? "")) return "it is no host name";
  return PRIVATE_NAMES.some((name) => host === name || host.endsWith(`.${name}`)) ? "it is a name of a private network" : null;
}

/** `example.com` is that host, `*.example.com` any below it. */
export function matches(host: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => (pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern));
}
