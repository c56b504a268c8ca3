INSERT INTO student VALUES (1, 'Ada'), (2, 'Bob');
INSERT INTO course VALUES (1, 'Maths'), (2, 'Art'), (3, 'Empty');
INSERT INTO enrolment VALUES (1, 1, 1.3), (1, 2, 2.0), (2, 1, 2.7);
