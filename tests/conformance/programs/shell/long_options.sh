parse() {
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --name=*) name="${1#*=}"; shift ;;
      --name) name="$2"; shift 2 ;;
      -q|--quiet) quiet=yes; shift ;;
      --) shift; break ;;
      -*) echo "unknown option: $1" >&2; return 1 ;;
      *) rest+=("$1"); shift ;;
    esac
  done
  rest+=("$@")
}
rest=(); name= quiet=no
parse --name=bob -q file1 -- -x file2
echo "$name $quiet ${rest[*]}"
rest=(); parse --bad 2>/dev/null || echo "rejected"
rest=(); parse --name carol a b c; echo "$name ${#rest[@]}"
