declare -A deps=([app]="lib main" [lib]="util" [main]="util" [util]="") built
build() { local t=$1 d; [[ ${built[$t]} ]] && return; for d in ${deps[$t]}; do build $d; done; echo "building $t"; built[$t]=1; }
build app; echo "${#built[@]} built"
tsort <<< $'a b\nb c'
needs() { [ ! -e "$1" ] || [ "$2" -nt "$1" ]; }
touch -d 2020-01-01 old; touch -d 2021-01-01 new; needs old new && echo "rebuild old"; needs new old || echo "new is fresh"
target=out; for f in a b; do echo "$f" > $f.src; done; cat *.src > $target; cat $target; rm *.src
