SELECT date('2024-01-31', '+1 month'), date('2024-02-28', '+2 days'), date('2024-03-15', 'start of month', '-1 day'), date('2024-05-20', 'weekday 0');
SELECT strftime('%Y/%m/%d %H:%M:%S %w %j', '2024-12-25 13:45:59'), time('12:00', '+90 minutes'), datetime(0, 'unixepoch'), datetime('2024-01-01T10:00:00Z', '+5 hours');
SELECT julianday('2024-03-01') - julianday('2024-02-01'), unixepoch('2024-01-01'), strftime('%s', '2000-01-01'), date('nonsense') IS NULL, date('now') > '2024-01-01';
CREATE TABLE event (at TEXT, what TEXT);
INSERT INTO event VALUES ('2024-01-05','a'), ('2024-01-20','b'), ('2024-02-03','c');
SELECT strftime('%Y-%m', at) AS month, count(*) FROM event GROUP BY month;
SELECT what, CAST(julianday('2024-03-01') - julianday(at) AS INT) AS days_ago FROM event ORDER BY at DESC;
