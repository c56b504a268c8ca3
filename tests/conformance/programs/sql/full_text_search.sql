CREATE VIRTUAL TABLE note USING fts5(title, body);
INSERT INTO note VALUES ('Shopping', 'milk and bread'), ('Work', 'write the report and drink milk'), ('Idea', 'nothing');
SELECT title FROM note WHERE note MATCH 'milk' ORDER BY rowid;
SELECT highlight(note, 1, '[', ']') FROM note WHERE note MATCH 'report';
SELECT title FROM note WHERE note MATCH 'title:idea';
