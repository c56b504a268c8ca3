type Row = number[];
interface Options {
  separator: string;
}
export function parse(text: string, { separator }: Options = { separator: "," }): Row {
  return text.split(separator).map(Number);
}
