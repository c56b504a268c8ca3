async function load() {
  await null;
  throw new RangeError("rejected");
}
console.log("start");
load();
setTimeout(() => console.log("not reached"), 50);
