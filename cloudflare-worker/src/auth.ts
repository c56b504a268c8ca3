/** Decides whether a request carries the secret, in a time that tells nothing about it. */

const encoder = new TextEncoder();

async function digest(value: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest("SHA-256", encoder.encode(value));
}

/** Digests are compared, so neither the length nor the content of the secret shows in the time taken. */
export async function authorized(request: Request, secret: string | undefined): Promise<boolean> {
  if (secret === undefined || secret === "") return false;
  const given = /^Bearer (.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
  const [a, b] = await Promise.all([digest(given), digest(secret)]);
  return crypto.subtle.timingSafeEqual(a, b);
}
