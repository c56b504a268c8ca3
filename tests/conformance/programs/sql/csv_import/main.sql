.mode csv
.import cities.csv city
.mode list
SELECT name, population FROM city ORDER BY CAST(population AS INT) DESC;
SELECT count(*), sum(population) FROM city WHERE country = 'DE';
SELECT note FROM city WHERE note <> '';
