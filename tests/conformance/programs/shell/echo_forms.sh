echo -n "no newline "; echo done
echo -e "a\tb\nc\\d"
echo -E "a\tb"
echo -e "\x48\x69 \0101 \e[0mplain"
echo -ne "x\n"
echo "-n"
echo - -- --help
echo
echo a   b    "c   d"
echo -e "stop here\c never seen"
echo
echo "tab	literal"
echo -x unknown
echo "unicode: é ü 日本 🎉"
