export const text = "from a module";
