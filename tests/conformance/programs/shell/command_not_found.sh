echo start
nosuchprogram --flag
echo "status $?"
./missing.sh; echo "status $?"
nosuch | cat; echo "${PIPESTATUS[0]}"
if nosuch2; then :; else echo "handled"; fi
cat nofile; echo "cat $?"
cd /nonexistent || echo "cd failed"
echo end
