import { parse } from "./parser.ts";
console.log(parse("1,2"));
console.log(parse(null as unknown as string));
