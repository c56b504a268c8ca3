import { hello } from "./greet";
import { shout } from "./lib";
console.log(shout(hello("Ada")));
