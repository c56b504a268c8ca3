class ValidationError extends Error {
  constructor(field, message) { super(message); this.name = "ValidationError"; this.field = field; }
}
function check(user) {
  if (!user.age) {
    throw new ValidationError("age", "age is missing");
  }
}
try { check({}); } catch (e) { console.log(e instanceof ValidationError, e instanceof Error, e.field, String(e)); }
try { try { null.f(); } catch (e) { throw new Error("outer", { cause: e }); } } catch (e) { console.log(e.message, "<-", e.cause.message); }
console.log(e1());
function e1() { try { throw 1; } catch { return "caught without binding"; } finally { console.log("f"); } }
check({ age: 0 });
