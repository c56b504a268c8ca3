print("main")
require("broken")
