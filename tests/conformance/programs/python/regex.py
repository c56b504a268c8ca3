import re

text = "Call 555-1234 or 555-9876, mail ada@example.org (2024-01-31)."
print(re.findall(r"\d{3}-\d{4}", text), re.search(r"(\w+)@(\w+)\.org", text).groups())
m = re.search(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)", text)
print(m.groupdict(), m.span(), m["y"], m.start("m"), m.expand(r"\g<d>/\g<m>/\g<y>"))
print(re.sub(r"(\d+)", lambda x: str(int(x[1]) + 1), "a1 b22"), re.subn("[aeiou]", "*", "education"))
print(re.split(r"[,;\s]+", "a, b;c  d"), re.split("(-)", "1-2-3"), re.match("b", "abc"), re.fullmatch(r"\w+", "abc"))
print([m.group() for m in re.finditer(r"(?<=@)\w+|\b[A-Z]\w*", text)], re.findall(r"(?i)ada|CALL", text))
print(re.compile(r"""
  ^ \s* (\w+)  # key
  \s* = \s* (.*?) \s* $
""", re.X | re.M).findall("a = 1\n  bc=two  \nnope"))
print(re.escape("a.b*c"), re.findall(r"(a)(b)?", "aab"), re.sub(r"\b(\w)", r"<\1>", "hi you"), re.findall("é+", "éé"))
try:
    re.compile("(unclosed")
except re.error as error:
    print(error)
