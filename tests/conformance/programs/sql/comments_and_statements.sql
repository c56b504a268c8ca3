-- a comment; with a semicolon
SELECT 1; /* block ; comment
over lines */ SELECT 2
  , 'a;b', 'it''s -- not a comment';
SELECT /* inline */ 3 -- trailing
;
SELECT "a""b" FROM (SELECT 4 AS "a""b"); SELECT `c` FROM (SELECT 5 AS c); SELECT [d e] FROM (SELECT 6 AS [d e]);

;;
SELECT 'last without a semicolon'
