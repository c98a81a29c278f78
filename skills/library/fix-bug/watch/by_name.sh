#!/bin/sh
# Stands before a program of its own name in PATH: runs that program, watched whatever was set on the way.

bin=${0%/*}
name=${0##*/}
export SEEDSMITH_WATCH="${bin%/bin}"
. "$SEEDSMITH_WATCH/environment.sh"

rest=$PATH:
program=
while [ -n "$rest" ]; do
    folder=${rest%%:*}
    rest=${rest#*:}
    if [ "$folder" != "$bin" ] && [ -f "${folder:-.}/$name" ] && [ -x "${folder:-.}/$name" ]; then
        program=${folder:-.}/$name
        break
    fi
done
if [ -z "$program" ]; then
    echo "$name: not found" >&2
    exit 127
fi
case $name in
sh | bash)
    case ${1-} in
    -c | -ec | -lc | -euc | -exc)
        options=$1
        line=$(rewatched "${2-}")
        shift
        [ $# -gt 0 ] && shift
        exec "$program" "$options" "$line" "$@"
        ;;
    esac
    ;;
cc | gcc | c89 | c99 | c++ | g++ | clang | clang++)
    if [ -f "$SEEDSMITH_WATCH/compiler.sh" ]; then
        . "$SEEDSMITH_WATCH/compiler.sh"
    fi
    ;;
go)
    if [ -f "$SEEDSMITH_WATCH/go_each.sh" ] && [ "${1-}" = test ]; then
        shift
        set -- test -cover -covermode=atomic -coverpkg=./... -vet=off -exec "$SEEDSMITH_WATCH/go_each.sh" "$@"
    fi
    ;;
make | gmake)
    if "$program" --version 2>/dev/null | grep -q 'GNU Make [4-9]'; then
        exec "$program" --eval "SHELL = $bin/sh" "$@"
    fi
    ;;
esac
exec "$program" "$@"
