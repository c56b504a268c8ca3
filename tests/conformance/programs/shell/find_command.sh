mkdir -p src/lib docs; echo 'x' > src/a.c; echo 'yy' > src/lib/b.c; touch src/a.h docs/r.md "docs/with space.md" .dot; head -c 2000 /dev/zero > docs/big; touch -d '2020-01-01' docs/r.md
find . -type f | sort
find . -name '*.c' | sort; find . -iname 'A.*' | sort
find src -maxdepth 1 -type f | sort; find . -mindepth 2 -type d
find . -type f -size +1k; find . -empty -type f | sort
find . -name '*.c' -exec wc -l {} \; | sort
find . -name '*.md' -print0 | sort -z | xargs -0 -n1 echo
find . -name '*.c' -exec cat {} + | sort
find . \( -name '*.h' -o -name '*.md' \) -not -name 'r*' | sort
find . -path ./src -prune -o -type f -print | sort
find . -type f -mtime +365; find . -newer docs/r.md -name '*.h'
find . -name '*.h' -delete; find src | sort
find . -type f -printf '%f %s\n' | sort
find . -regex '.*/[ab]\.c' | sort
find nofile 2>/dev/null; echo $?
find . -name '*.c' -exec sh -c 'echo "sh: $1"' _ {} \; | sort
find . -type f -perm 644 | wc -l
