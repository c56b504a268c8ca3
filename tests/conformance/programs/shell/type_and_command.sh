type -t echo; type -t ls; type -t if; f() { :; }; type -t f; type -t nosuch || echo none
command -v echo; command -v f; command -v nosuch || echo "not found"
echo() { builtin echo "wrapped: $*"; }; echo hi; command echo plain; unset -f echo; echo normal
alias ll='ls -1' 2>/dev/null; alias ll
shopt -s expand_aliases
alias hi='echo hello from alias'
hi there
unalias hi; hi 2>/dev/null || echo "alias gone"
type cd; hash -r; builtin cd . && echo ok
\echo escaped; command true; echo $?
[ "$(type -t [)" = builtin ] && echo "bracket"
which nosuchprog; echo $?
