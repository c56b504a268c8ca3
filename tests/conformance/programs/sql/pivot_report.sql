CREATE TABLE s (who TEXT, q TEXT, amount INT);
INSERT INTO s VALUES ('Ada','Q1',10),('Ada','Q2',20),('Bob','Q1',5),('Bob','Q3',8),('Ada','Q1',1);
.mode column
.headers on
SELECT who, sum(CASE q WHEN 'Q1' THEN amount ELSE 0 END) AS q1, sum(CASE q WHEN 'Q2' THEN amount ELSE 0 END) AS q2, sum(iif(q = 'Q3', amount, 0)) AS q3, sum(amount) AS total FROM s GROUP BY who UNION ALL SELECT 'all', NULL, NULL, NULL, sum(amount) FROM s;
