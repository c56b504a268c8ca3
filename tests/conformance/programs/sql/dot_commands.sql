CREATE TABLE beta (x INT);
CREATE TABLE alpha (y TEXT);
CREATE INDEX alpha_y ON alpha (y);
CREATE VIEW gamma AS SELECT 1 AS one;
.tables
.schema beta
.schema alpha
.indexes alpha
.print "hello there"
.echo off
.quit
SELECT 'never';
