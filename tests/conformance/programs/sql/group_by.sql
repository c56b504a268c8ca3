CREATE TABLE sale (region TEXT, product TEXT, qty INT, price REAL);
INSERT INTO sale VALUES ('north','tea',3,2.5),('north','bun',1,1.25),('south','tea',10,2.4),('south','bun',NULL,1.3),('west','pie',2,9.99);
SELECT region, count(*), count(qty), sum(qty), avg(price), min(price), max(price), total(qty) FROM sale GROUP BY region ORDER BY region;
SELECT product, sum(qty * price) AS revenue FROM sale GROUP BY product HAVING revenue > 5 ORDER BY revenue DESC;
SELECT group_concat(product, '/') FROM (SELECT product FROM sale ORDER BY product);
SELECT count(DISTINCT product), sum(qty) FILTER (WHERE region = 'north') FROM sale;
SELECT region, product, sum(qty) FROM sale GROUP BY 1, 2 ORDER BY 1, 2;
SELECT round(avg(price), 2), round(sum(price)) FROM sale;
SELECT max(price), product FROM sale;
