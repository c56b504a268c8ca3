CREATE TABLE person (
  id INTEGER PRIMARY KEY,
  email TEXT UNIQUE NOT NULL
);
INSERT INTO person (email) VALUES ('a@example.org');
SELECT 'one row', count(*) FROM person;

INSERT INTO person (email)
VALUES ('a@example.org');
SELECT 'never printed';
