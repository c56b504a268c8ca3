CREATE TABLE employee (id INTEGER PRIMARY KEY, name TEXT NOT NULL, dept TEXT, salary REAL, hired DATE);
INSERT INTO employee (name, dept, salary, hired) VALUES
  ('Ada', 'Eng', 5200.50, '2020-01-15'), ('Bob', 'Eng', 4100, '2021-06-01'), ('Cyd', 'Ops', 3900.25, '2019-03-20'),
  ('Dan', NULL, NULL, '2022-11-11'), ('Eve', 'Ops', 4700, '2018-07-07');
SELECT * FROM employee;
SELECT name, salary * 12 AS yearly FROM employee WHERE salary > 4000 ORDER BY yearly DESC;
SELECT DISTINCT dept FROM employee ORDER BY dept;
SELECT name FROM employee WHERE dept IS NULL OR name LIKE '%d%' ORDER BY name LIMIT 2 OFFSET 1;
SELECT name FROM employee WHERE dept IN ('Ops', 'HR') AND salary BETWEEN 3000 AND 4500;
SELECT upper(name) || '!' , length(name), substr(name, 2), replace(name, 'a', 'o') FROM employee WHERE id <= 2;
SELECT CASE WHEN salary > 5000 THEN 'high' WHEN salary > 4000 THEN 'mid' ELSE 'low' END AS band, name FROM employee;
