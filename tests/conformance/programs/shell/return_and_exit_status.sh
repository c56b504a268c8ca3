check() { [ "$1" -gt 0 ] 2>/dev/null; }
check 5; echo $?; check -3; echo $?; check abc; echo $?
true && echo yes; false || echo no; ! false && echo negated
(exit 3); echo $?
x=$(exit 4); echo $?
local_status() { local r; r=$(false); echo "in: $?"; }; local_status
masked() { local r=$(false); echo "masked: $?"; }; masked
if (exit 2); then :; else echo "else $?"; fi
f() { return; }; false; f; echo "f: $?"
nosuch_command_here 2>/dev/null; echo $?
/bin/nosuch 2>/dev/null; echo $?
touch plain; ./plain 2>/dev/null; echo $?
{ false; }; echo $?
while false; do :; done; echo $?
case x in y) ;; esac; echo $?
for i in; do :; done; echo $?
exit 17
