const { add } = require("./math");
class Counter { value = 0; next() { this.value = add(this.value, 1); return this; } }
module.exports = Counter;
