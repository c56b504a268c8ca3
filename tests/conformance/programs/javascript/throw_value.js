console.log("before");
try { throw { code: 5 }; } catch ({ code }) { console.log(code); }
throw "just a string";
