SELECT 'before';
.exit 7
SELECT 'after';
