function outer() { return inner(); }
function inner() {
  const data = JSON.parse('{"a": [1, 2]}');
  return data.b.length;
}
console.log("before");
outer();
