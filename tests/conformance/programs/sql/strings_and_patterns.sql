SELECT 'O''Brien', "quoted" FROM (SELECT 1 AS quoted);
SELECT trim('  x '), ltrim('xxa', 'x'), rtrim('a..', '.'), instr('hello', 'l'), substr('hello', -3, 2), lower('ÀB'), upper('straße');
SELECT printf('%05d|%-6s|%6.2f|%x|%,d|%%', 42, 'ab', 3.14159, 255, 1234567), format('%s', 'f'), char(65, 8364), unicode('é'), hex('ab'), quote('it''s'), quote(NULL), quote(x'00ff');
SELECT 'abc' LIKE 'A%', 'abc' GLOB 'A*', 'abc' GLOB 'a?c', 'a_c' LIKE 'a\_c' ESCAPE '\', 'abc' BETWEEN 'abb' AND 'abd';
SELECT length('日本語'), length(x'0102'), substr('日本語', 2, 1), 'naïve' || ' ' || '🎉', reverse.x FROM (SELECT 'n/a' AS x) AS reverse;
SELECT coalesce(NULL, NULL, 'third'), ifnull(NULL, 0), nullif(5, 5), iif(1 < 2, 'yes', 'no'), typeof('a'), typeof(1), typeof(1.0), typeof(NULL), typeof(x'00');
SELECT replace('aXbXc', 'X', '-'), soundex IS NULL FROM (SELECT NULL AS soundex);
SELECT 'a' = 'A', 'a' = 'A' COLLATE NOCASE, 'a ' = 'a' COLLATE RTRIM, '10' < '9', 10 < 9, CAST('10' AS INT) < 9;
