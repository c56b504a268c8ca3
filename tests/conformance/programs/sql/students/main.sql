.read schema.sql
.read data/seed.sql
SELECT s.name, c.title, e.grade FROM enrolment e JOIN student s ON s.id = e.student JOIN course c ON c.id = e.course ORDER BY 1, 2;
SELECT c.title, round(avg(grade), 2) FROM course c LEFT JOIN enrolment e ON e.course = c.id GROUP BY c.id ORDER BY c.id;
