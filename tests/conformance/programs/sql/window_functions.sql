CREATE TABLE score (player TEXT, day INT, points INT);
INSERT INTO score VALUES ('Ada',1,10),('Ada',2,30),('Ada',3,20),('Bob',1,15),('Bob',2,15),('Bob',3,40);
SELECT player, day, points, row_number() OVER w, rank() OVER (ORDER BY points DESC), dense_rank() OVER (ORDER BY points DESC) FROM score WINDOW w AS (PARTITION BY player ORDER BY day) ORDER BY player, day;
SELECT player, day, sum(points) OVER (PARTITION BY player ORDER BY day) AS running, lag(points) OVER w AS before, lead(points, 1, -1) OVER w AS after FROM score WINDOW w AS (PARTITION BY player ORDER BY day);
SELECT player, points, avg(points) OVER (PARTITION BY player), points * 100 / sum(points) OVER () FROM score ORDER BY points, player;
SELECT day, points, sum(points) OVER (ORDER BY day, player ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM score ORDER BY day, player;
SELECT DISTINCT player, first_value(points) OVER w, last_value(points) OVER w, nth_value(points, 2) OVER w FROM score WINDOW w AS (PARTITION BY player ORDER BY day ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) ORDER BY player;
SELECT player, ntile(2) OVER (ORDER BY points), percent_rank() OVER (ORDER BY points), cume_dist() OVER (ORDER BY points) FROM score ORDER BY points, player;
