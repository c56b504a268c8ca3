CREATE TABLE t (id INT, name TEXT, note TEXT);
INSERT INTO t VALUES (1, 'Ada', 'said "hi", left'), (2, 'Bob', NULL), (30, 'C,d', 'x');
.headers on
.mode csv
SELECT * FROM t;
.mode column
SELECT * FROM t;
.mode box
SELECT id, name FROM t;
.mode markdown
SELECT id, name FROM t;
.mode table
SELECT name, note FROM t WHERE id > 1;
.mode json
SELECT * FROM t;
.mode line
SELECT * FROM t WHERE id = 1;
.mode tabs
SELECT id, note FROM t;
.mode quote
SELECT * FROM t;
.mode list
.separator ;
.nullvalue (none)
SELECT * FROM t;
.headers off
.print done with modes
SELECT id FROM t;
