CREATE TABLE part (id TEXT, parent TEXT, cost INT);
INSERT INTO part VALUES ('bike',NULL,0),('wheel','bike',30),('frame','bike',100),('spoke','wheel',1),('rim','wheel',9);
WITH RECURSIVE below(root, id, cost) AS (SELECT id, id, cost FROM part UNION ALL SELECT b.root, p.id, p.cost FROM part p JOIN below b ON p.parent = b.id)
SELECT root, sum(cost) FROM below GROUP BY root ORDER BY 2 DESC, 1;
WITH RECURSIVE up(id, parent) AS (SELECT id, parent FROM part WHERE id = 'spoke' UNION ALL SELECT p.id, p.parent FROM part p JOIN up ON p.id = up.parent) SELECT group_concat(id, ' < ') FROM up;
