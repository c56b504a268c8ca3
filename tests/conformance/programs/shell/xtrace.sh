set -x
x=5
echo "x is $x" 'single q' ""
if [ $x -gt 3 ]; then y=$((x + 1)); fi
set +x 2>/dev/null
echo off
PS4='trace: '
set -x
echo again
{ set +x; } 2>/dev/null
echo end
