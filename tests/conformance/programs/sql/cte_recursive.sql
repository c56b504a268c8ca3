WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 5) SELECT n, n * n FROM count;
WITH RECURSIVE fib(a, b) AS (SELECT 0, 1 UNION ALL SELECT b, a + b FROM fib LIMIT 12) SELECT group_concat(a) FROM fib;
CREATE TABLE node (id INT, parent INT, name TEXT);
INSERT INTO node VALUES (1,NULL,'root'),(2,1,'a'),(3,1,'b'),(4,2,'a1'),(5,4,'a11');
WITH RECURSIVE tree(id, name, depth, path) AS (
  SELECT id, name, 0, name FROM node WHERE parent IS NULL
  UNION ALL SELECT n.id, n.name, depth + 1, path || '/' || n.name FROM node n JOIN tree t ON n.parent = t.id
) SELECT printf('%*s%s', depth * 2, '', name), path FROM tree ORDER BY path;
WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT x, y FROM a, b;
WITH RECURSIVE s(i, p) AS (SELECT 2, 1 UNION ALL SELECT i + 1, NOT EXISTS (WITH d(k) AS (VALUES (2),(3),(5),(7)) SELECT 1 FROM d WHERE k < i + 1 AND (i + 1) % k = 0) FROM s WHERE i < 30) SELECT group_concat(i, ' ') FROM s WHERE p;
