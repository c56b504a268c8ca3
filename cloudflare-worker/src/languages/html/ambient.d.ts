/** What is used of HTMLHint; its own types are made for another module system. */
declare module "htmlhint" {
  const htmlhint: { HTMLHint: { rules: Record<string, unknown>; verify(page: string, rules: Record<string, unknown>): { line: number; col: number; message: string; rule: { id: string } }[] } };
  export default htmlhint;
}
