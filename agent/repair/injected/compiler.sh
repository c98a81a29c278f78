# Sourced by by_name.sh before it runs the compiler "$program": has it compile for coverage.

linked=yes
given=
for each in "$@"; do
    case $each in
    -c | -E | -S | -M | -MM | -r | -shared | --version | -v | -dump* | -print* | --help*) linked= ;;
    *.c | *.cc | *.cpp | *.cxx | *.C | *.o | *.a) given=yes ;;
    esac
done
if [ -n "$linked" ] && [ -n "$given" ]; then
    runtime="$SEEDSMITH_WATCH/runtime.o"
    if [ ! -f "$runtime" ]; then
        "$program" -x c -w -O1 -fPIC -c -o "$runtime.$$" "$SEEDSMITH_WATCH/seedsmith_runtime.c" &&
            mv "$runtime.$$" "$runtime"
    fi
    set -- "$@" "$runtime"
fi
if [ -n "$given" ]; then
    case $("$program" --version 2>/dev/null) in
    *clang*) printf 'llvm-cov gcov' >"$SEEDSMITH_WATCH/gcov" ;;
    *) set -- "$@" -fprofile-abs-path ;;
    esac
    set -- "$@" --coverage -O0 -w -include "$SEEDSMITH_WATCH/seedsmith_probe.h"
fi
