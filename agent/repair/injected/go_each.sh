#!/bin/sh
# What `go test -exec` runs in place of a package's tests: each of them alone, noting which lines it ran.

binary=$1
shift
wanted=.
for each in "$@"; do
    case $each in
    -test.run=*) wanted=${each#-test.run=} ;;
    esac
done
number=0
ended=0
"$binary" -test.list "$wanted" | grep -E '^(Test|Example|Fuzz)' >"$SEEDSMITH_WATCH/$$.tests"
while read -r name && [ $number -lt 300 ]; do
    number=$((number + 1))
    note="$SEEDSMITH_WATCH/out/$$-$number"
    result=passed
    "$binary" -test.paniconexit0 -test.run "^$name\$" -test.coverprofile "$note.lines" </dev/null || result=failed
    [ $result = passed ] || ended=1
    {
        echo "$result $name"
        [ ! -f "$note.lines" ] || cat "$note.lines"
    } >"$note.part"
    mv "$note.part" "$note.cover"
done <"$SEEDSMITH_WATCH/$$.tests"
exit $ended
