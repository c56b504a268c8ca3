CREATE TABLE login (day TEXT);
INSERT INTO login VALUES ('2024-01-01'),('2024-01-02'),('2024-01-03'),('2024-01-06'),('2024-01-07'),('2024-01-10');
WITH g AS (SELECT day, julianday(day) - row_number() OVER (ORDER BY day) AS grp FROM login)
SELECT min(day), max(day), count(*) FROM g GROUP BY grp ORDER BY 1;
SELECT day, lead(day) OVER (ORDER BY day) AS next, CAST(julianday(lead(day) OVER (ORDER BY day)) - julianday(day) AS INT) - 1 AS missing FROM login;
