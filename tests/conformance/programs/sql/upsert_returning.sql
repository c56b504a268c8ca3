CREATE TABLE stock (item TEXT PRIMARY KEY, qty INT DEFAULT 0, seen INT DEFAULT 1);
INSERT INTO stock (item, qty) VALUES ('tea', 5) ON CONFLICT (item) DO UPDATE SET qty = qty + excluded.qty, seen = seen + 1;
INSERT INTO stock (item, qty) VALUES ('tea', 3), ('bun', 2) ON CONFLICT (item) DO UPDATE SET qty = qty + excluded.qty, seen = seen + 1 RETURNING item, qty, seen;
INSERT INTO stock (item) VALUES ('tea') ON CONFLICT DO NOTHING;
UPDATE stock SET qty = qty * 10 WHERE item = 'bun' RETURNING *;
DELETE FROM stock WHERE qty > 15 RETURNING item;
SELECT * FROM stock;
UPDATE stock SET qty = other.n FROM (SELECT 'tea' AS item, 99 AS n) AS other WHERE other.item = stock.item;
SELECT qty FROM stock;
