SELECT 'start';
.read broken.sql
SELECT 'never';
