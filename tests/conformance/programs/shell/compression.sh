printf 'line %s\n' {1..200} > big.txt; cp big.txt orig.txt
gzip big.txt; ls; gunzip big.txt.gz; cmp big.txt orig.txt && echo same
gzip -c big.txt | zcat | tail -1; gzip -k big.txt; ls *.gz; zcat big.txt.gz | wc -l
echo hello | gzip | gunzip; [ $(gzip -c big.txt | wc -c) -lt $(wc -c < big.txt) ] && echo smaller
gzip -d < big.txt.gz | head -1; gzip nofile 2>/dev/null; echo $?
echo notgz > x.gz; gunzip x.gz 2>/dev/null; echo $?; gzip -t big.txt.gz && echo valid
rm -f *.gz x.gz
