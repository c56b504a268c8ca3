class HttpError extends Error {
  constructor(public readonly status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HttpError";
  }
  get retryable(): boolean { return this.status >= 500; }
}
function request(path: string): string {
  if (path === "/") return "home";
  throw new HttpError(path.length > 3 ? 503 : 404, `cannot get ${path}`, { cause: "test" });
}
for (const path of ["/", "/a", "/abc"]) {
  try { console.log(request(path)); } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    console.log(error.name, error.status, error.retryable, error.message, error.cause);
  }
}
request("/final");
