import { text } from "./text.mjs";
document.getElementById("x").textContent = text;
