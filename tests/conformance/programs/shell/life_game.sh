w=5 h=5; declare -A g; for c in 2,1 2,2 2,3; do g[$c]=1; done
show() { local x y; for ((y = 0; y < h; y++)); do for ((x = 0; x < w; x++)); do [[ ${g[$x,$y]-} ]] && printf '#' || printf '.'; done; echo; done; echo; }
step() { local -A n=(); local x y dx dy c; for ((y = 0; y < h; y++)); do for ((x = 0; x < w; x++)); do c=0; for dx in -1 0 1; do for dy in -1 0 1; do ((dx || dy)) && [[ ${g[$((x + dx)),$((y + dy))]-} ]] && ((c++)); done; done; if ((c == 3)) || { ((c == 2)) && [[ ${g[$x,$y]-} ]]; }; then n[$x,$y]=1; fi; done; done; g=(); for c in "${!n[@]}"; do g[$c]=1; done; }
show; step; show; step; show
