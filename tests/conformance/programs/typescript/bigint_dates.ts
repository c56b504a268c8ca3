const factorial = (n: bigint): bigint => (n <= 1n ? 1n : n * factorial(n - 1n));
console.log(factorial(25n), BigInt(Number.MAX_SAFE_INTEGER) + 2n, typeof factorial(1n));
const when: Date = new Date(Date.UTC(2024, 1, 29));
const format: Intl.DateTimeFormatOptions = { year: "numeric", month: "long", day: "numeric", timeZone: "UTC" };
console.log(when.toISOString(), when.toLocaleDateString("en-US", format), Number(when) as number);
