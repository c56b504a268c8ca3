CREATE TABLE b (k TEXT, v BLOB);
INSERT INTO b VALUES ('größe', x'48656c6c6f'), ('日本', zeroblob(3)), ('emoji 🎉', CAST('text' AS BLOB));
SELECT k, length(v), hex(v), typeof(v) FROM b;
SELECT CAST(v AS TEXT) FROM b WHERE k LIKE 'gr%';
.mode quote
SELECT * FROM b;
SELECT upper('äöü'), lower('ÄÖÜ'), 'Ä' = 'ä' COLLATE NOCASE, length('👩‍👩‍👧');
