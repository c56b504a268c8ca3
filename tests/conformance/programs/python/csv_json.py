import csv
import io
import json

with open("people.csv", "w", newline="") as file:
    writer = csv.DictWriter(file, ["name", "note"])
    writer.writeheader()
    writer.writerow({"name": "Ada", "note": 'said "hi", left'})
    writer.writerow({"name": "Bob", "note": "two\nlines"})
with open("people.csv", newline="") as file:
    for row in csv.DictReader(file):
        print(row)
print(list(csv.reader(io.StringIO("a;b\n1;'x;y'\n"), delimiter=";", quotechar="'")))
value = {"b": [1, 2.5, None, True], "a": {"é": "日本"}, "t": (1, 2)}
print(json.dumps(value), json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False))
print(json.loads('{"x": [1, 2.0, "\\u00e9", null], "big": 123456789012345678901}'))
for bad in ['{"a" 1}', "[1, 2", "'x'", "NaN!"]:
    try:
        json.loads(bad)
    except json.JSONDecodeError as error:
        print(error.lineno, error.colno)
try:
    json.dumps({1, 2})
except TypeError as error:
    print(error)
print(json.dumps(3 + 4j, default=lambda c: [c.real, c.imag]), json.dumps({1: None, None: 2}), json.dumps("</script>\n"))
