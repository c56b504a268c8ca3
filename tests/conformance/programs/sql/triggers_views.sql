CREATE TABLE account (id INTEGER PRIMARY KEY, owner TEXT, balance INT CHECK (balance >= 0));
CREATE TABLE log (at INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT);
CREATE TRIGGER after_update AFTER UPDATE OF balance ON account WHEN old.balance <> new.balance BEGIN
  INSERT INTO log (what) VALUES (new.owner || ': ' || old.balance || ' -> ' || new.balance);
END;
CREATE TRIGGER no_delete BEFORE DELETE ON account BEGIN SELECT RAISE(ABORT, 'accounts are kept'); END;
CREATE VIEW rich AS SELECT owner FROM account WHERE balance > 50;
CREATE TRIGGER into_view INSTEAD OF INSERT ON rich BEGIN INSERT INTO account (owner, balance) VALUES (new.owner, 1000); END;
INSERT INTO account (owner, balance) VALUES ('Ada', 100), ('Bob', 20);
UPDATE account SET balance = balance + 50;
INSERT INTO rich VALUES ('Cyd');
SELECT * FROM log; SELECT * FROM rich ORDER BY 1;
.schema account
DELETE FROM account WHERE id = 1;
SELECT 'never';
