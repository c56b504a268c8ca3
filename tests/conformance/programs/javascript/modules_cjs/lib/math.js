console.log("math is loaded once");
module.exports = { add: (a, b) => a + b, PI: 3.14 };
