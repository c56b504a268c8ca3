mkdir -p p/sub; echo 1 > p/a; echo 2 > p/sub/b; ln -s a p/l
tar -cf p.tar p; tar -tf p.tar | sort; mkdir out; tar -xf p.tar -C out; find out | sort; cat out/p/sub/b
tar czf p.tgz p; tar tzf p.tgz | wc -l; rm -r out p; tar xzf p.tgz; cat p/a; readlink p/l
tar -cf - p | tar -tf - | head -1; tar -xf p.tar p/a -O; tar -cvf v.tar p | sort
tar cf ex.tar --exclude='*.b' --exclude=sub p; tar tf ex.tar | sort; tar rf ex.tar p.tar 2>/dev/null; tar tf ex.tar | wc -l
tar -xf nofile.tar 2>/dev/null; echo $?
rm -f *.tar *.tgz; mkdir strip; tar cf - p | tar xf - -C strip --strip-components=1; ls strip
rm -r strip
