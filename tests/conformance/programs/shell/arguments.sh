echo "$0" | sed 's/.*\///'; echo "$# arguments"
for a in "$@"; do echo "[$a]"; done
i=1; while [ $# -gt 0 ]; do echo "$i: $1"; shift; ((i++)); done
echo "left $#"
