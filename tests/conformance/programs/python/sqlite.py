import sqlite3

db = sqlite3.connect("shop.db")
db.row_factory = sqlite3.Row
with db:
    db.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE, price REAL)")
    db.executemany("INSERT INTO item (name, price) VALUES (?, ?)", [("tea", 2.5), ("bun", 1.25), ("pie", 3)])
for row in db.execute("SELECT name, price FROM item WHERE price > :least ORDER BY price DESC", {"least": 2}):
    print(tuple(row), row["name"], row.keys())
print(db.execute("SELECT count(*), sum(price), group_concat(name, '+') FROM item").fetchone()[:])
try:
    with db:
        db.execute("UPDATE item SET price = 0")
        db.execute("INSERT INTO item (name) VALUES ('tea')")
except sqlite3.IntegrityError as error:
    print(error)
print([r[0] for r in db.execute("SELECT price FROM item ORDER BY 1")])
db.create_function("twice", 1, lambda x: x * 2)
print(db.execute("SELECT twice(21)").fetchone()[0], db.total_changes)
try:
    db.execute("SELEC 1")
except sqlite3.OperationalError as error:
    print(error)
db.execute("DROP TABLE item")
db.close()
import os

os.remove("shop.db")
memory = sqlite3.connect(":memory:")
memory.executescript("CREATE TABLE n(x); INSERT INTO n VALUES (1),(2); CREATE VIEW v AS SELECT x*10 AS y FROM n;")
print(memory.execute("SELECT * FROM v").fetchall(), sqlite3.threadsafety >= 0)
