CREATE TABLE student (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE course (id INTEGER PRIMARY KEY, title TEXT);
CREATE TABLE enrolment (student INT REFERENCES student, course INT REFERENCES course, grade REAL);
