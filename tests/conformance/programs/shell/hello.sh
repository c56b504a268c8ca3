#!/bin/bash
# The first program.
name="World"
echo "Hello, $name!"
echo 'Single quotes: $name'
echo "Length: ${#name}"
printf "%s has %d letters\n" "$name" "${#name}"
