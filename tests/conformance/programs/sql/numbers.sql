SELECT 7 / 2, 7.0 / 2, 7 % 3, -7 / 2, -7 % 3, 2 << 4, 5 & 3, 5 | 3, ~5, 1e3, 0x1F;
SELECT 9223372036854775807, 9223372036854775807 + 1, -9223372036854775808, 1 / 0, 5 % 0, abs(-3), round(2.567, 1), round(2.5), round(-2.5);
SELECT 0.1 + 0.2, 1.0 / 3, 100.0, 1e15, 1e16, 123456789.123, 3.0, -0.0, 1e-7, 2.5e10;
SELECT max(1, 5, 3), min('b', 'a'), sign(-4), CAST('12abc' AS INT), CAST(3.99 AS INT), CAST('x' AS REAL), '5' + '6', '3' * 'x', 1 = '1', 1 = 1.0;
SELECT sum(x), avg(x), total(x), count(x) FROM (SELECT NULL AS x WHERE 0);
SELECT 1 AND NULL, 0 AND NULL, 1 OR NULL, NOT NULL, NULL = NULL, NULL IS NULL, 5 IS NOT 6, 1 IN (1, NULL), 2 IN (1, NULL);
SELECT TRUE, FALSE, TRUE + TRUE, random() BETWEEN -9223372036854775808 AND 9223372036854775807;
SELECT sqrt(16), power(2, 10), pi() > 3.14, log10(1000), mod(7, 3), exp(0), trunc(-2.7);
