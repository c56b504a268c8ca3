CREATE TABLE here (a);
SELECT count(*) FROM here;
SELECT *
FROM elsewhere
WHERE a = 1;
