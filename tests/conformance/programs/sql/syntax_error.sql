SELECT 1;
SELECT 'two';
SELEC * FROM nothing;
