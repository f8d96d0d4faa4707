#!/bin/sh
# The C++ compiler, with C++20 wherever C++17 is asked for: mmcv 2.1 asks for
# C++17, which the headers of torch 2.14 and later refuse.
for arg; do
    shift
    [ "$arg" = -std=c++17 ] && arg=-std=c++20
    set -- "$@" "$arg"
done
exec "${REAL_CXX:-c++}" "$@"
