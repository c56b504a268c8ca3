CREATE TABLE n (a INT, b INT);
INSERT INTO n VALUES (1, NULL), (NULL, 2), (NULL, NULL), (3, 4);
SELECT a + b, a || b, a = b, a IS b, a IS NOT NULL FROM n;
SELECT count(*), count(a), sum(a), avg(b) FROM n;
SELECT coalesce(a, b, 0) FROM n ORDER BY 1;
SELECT * FROM n WHERE a NOT IN (SELECT b FROM n);
SELECT * FROM n WHERE a IN (1, 3) OR b IS NULL ORDER BY a, b;
SELECT a, count(*) FROM n GROUP BY a ORDER BY a;
.nullvalue NULL
SELECT max(a, b), min(NULL), CASE a WHEN NULL THEN 'never' ELSE 'else' END FROM n LIMIT 2;
