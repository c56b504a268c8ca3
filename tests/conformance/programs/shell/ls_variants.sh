mkdir dir; echo 12345 > five; echo 1 > one; touch .hid; ln -s one lnk; chmod 755 one; touch -d '2020-05-05 10:00' five one dir lnk
ls; ls -a; ls -A; ls -1; ls -r; ls -F; ls -p; ls -S *.x five one 2>/dev/null
ls -d dir; ls -R; ls dir five
ls -l five | awk '{print $1, $2, $5, $6, $7, $8, $9}'
ls -lh five | awk '{print $5}'
ls -la | wc -l
ls nofile 2>/dev/null; echo $?
ls -t five one | head -1
ls *e
