WITH RECURSIVE digits(d) AS (SELECT 1 UNION ALL SELECT d + 1 FROM digits WHERE d < 6),
queens(n, placed) AS (SELECT 0, '' UNION ALL SELECT n + 1, placed || d FROM queens, digits WHERE n < 6 AND NOT EXISTS (
  WITH RECURSIVE i(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM i WHERE k < length(placed))
  SELECT 1 FROM i WHERE length(placed) > 0 AND (CAST(substr(placed, k, 1) AS INT) = d OR abs(CAST(substr(placed, k, 1) AS INT) - d) = n + 1 - k)))
SELECT placed FROM queens WHERE n = 6 ORDER BY 1;
