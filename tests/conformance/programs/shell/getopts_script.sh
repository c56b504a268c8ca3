usage() { echo "usage: [-v] [-n name] [-c count] files"; }
verbose=0 name=none count=1
while getopts ":vn:c:h" opt; do
  case $opt in
    v) verbose=1 ;;
    n) name=$OPTARG ;;
    c) count=$OPTARG ;;
    h) usage; exit 0 ;;
    :) echo "missing value for -$OPTARG" ;;
    \?) echo "unknown -$OPTARG" ;;
  esac
done
shift $((OPTIND - 1))
echo "verbose=$verbose name=$name count=$count rest=$*"
parse() { local OPTIND=1 o; while getopts "ab:" o; do echo "$o=${OPTARG-}"; done; echo "left ${*:OPTIND}"; }
parse -a -b val x y
parse -ab val2 z
parse -- -a
