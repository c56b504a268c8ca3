umask 022; touch f; mkdir d; stat -c '%a %n' f d
chmod 600 f; stat -c %A f; chmod +x f; stat -c %a f; chmod u=rw,go=r f; stat -c %a f; chmod a-w f; stat -c %a f; chmod 4755 f; stat -c %A f
chmod -R g+w d; stat -c %a d; chmod 1777 d; stat -c %A d; chmod bad f 2>/dev/null; echo $?
umask 077; touch g; stat -c %a g; umask 022; ls -ld d | cut -c1-10; [ -x f ] && echo "f runs"; rm -f f g; rmdir d
