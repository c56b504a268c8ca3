SELECT floor(-1.5), ceil(1.2), floor(3);
