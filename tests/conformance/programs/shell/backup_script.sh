set -eu
src=data; mkdir -p $src/sub; echo 1 > $src/a; echo 2 > $src/sub/b
stamp=$(date -u -d @0 +%Y%m%d); dest="backup_$stamp.tar"
tar -cf "$dest" "$src"; echo "archived $(tar -tf "$dest" | grep -vc '/$') files to $dest"
keep=2; for n in 1 2 3 4; do touch -d "2024-01-0$n" "old_$n.bak"; done
ls -t old_*.bak | tail -n +$((keep + 1)) | while read -r f; do echo "removing $f"; rm "$f"; done
ls old_*; du -s $src > /dev/null; rm -rf $src; tar -xf "$dest"; cat $src/sub/b; rm "$dest"
