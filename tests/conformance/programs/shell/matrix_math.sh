rows=2 cols=3; declare -A m
for ((i = 0; i < rows; i++)); do for ((j = 0; j < cols; j++)); do m[$i,$j]=$((i * cols + j)); done; done
for ((i = 0; i < rows; i++)); do for ((j = 0; j < cols; j++)); do printf '%3d' ${m[$i,$j]}; done; echo; done
echo transposed; for ((j = 0; j < cols; j++)); do for ((i = 0; i < rows; i++)); do printf '%3d' ${m[$i,$j]}; done; echo; done
for i in {1..5}; do for j in {1..5}; do printf '%4d' $((i * j)); done; echo; done
for ((i = 1; i <= 4; i++)); do printf "%$((4 - i))s"; for ((j = 0; j < 2 * i - 1; j++)); do printf '*'; done; echo; done
pascal() { local row=(1) next i; for ((r = 0; r < $1; r++)); do echo "${row[*]}"; next=(1); for ((i = 0; i < ${#row[@]} - 1; i++)); do next+=($((row[i] + row[i+1]))); done; next+=(1); row=("${next[@]}"); done; }; pascal 5
a=0 b=1; for ((i = 0; i < 15; i++)); do printf '%d ' $a; ((t = a + b, a = b, b = t)); done; echo
