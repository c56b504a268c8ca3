console.log("main");
require("./broken");
