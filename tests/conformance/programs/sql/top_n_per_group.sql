CREATE TABLE emp (name TEXT, dept TEXT, pay INT);
INSERT INTO emp VALUES ('a','x',5),('b','x',9),('c','x',7),('d','y',3),('e','y',4),('f','z',1);
SELECT dept, name, pay FROM (SELECT *, row_number() OVER (PARTITION BY dept ORDER BY pay DESC) AS r FROM emp) WHERE r <= 2 ORDER BY dept, pay DESC;
SELECT e.dept, e.name FROM emp e WHERE pay = (SELECT max(pay) FROM emp WHERE dept = e.dept) ORDER BY 1;
SELECT dept, count(*) AS n FROM emp GROUP BY dept HAVING n > (SELECT avg(c) FROM (SELECT count(*) AS c FROM emp GROUP BY dept)) ORDER BY n DESC;
SELECT a.name, b.name FROM emp a, emp b WHERE a.dept = b.dept AND a.pay < b.pay ORDER BY 1, 2;
