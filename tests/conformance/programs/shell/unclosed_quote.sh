echo first
echo "never closed
echo second
