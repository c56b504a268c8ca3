import json
from collections import defaultdict

with open("orders.json", encoding="utf-8") as file:
    orders = json.load(file)
totals = defaultdict(float)
for order in orders:
    for line in order["lines"]:
        totals[order["customer"]] += line["qty"] * line["price"]
for customer, total in sorted(totals.items()):
    print(f"{customer:<10}{total:>8.2f}")
with open("totals.json", "w", encoding="utf-8") as file:
    json.dump(totals, file, indent=2, ensure_ascii=False)
