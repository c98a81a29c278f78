# What gcov says of each folder below `out`, one file each beside it; sourced after the tests have run.

gcov=gcov
[ -f "$SEEDSMITH_WATCH/gcov" ] && gcov=$(cat "$SEEDSMITH_WATCH/gcov")
cd "$SEEDSMITH_WATCH/out" || exit 1
for each in *-test*; do
    [ -d "$each" ] || continue
    (
        cd "$each" || exit 1
        [ -f ended ] && echo ended
        find . -name '*.gcda' | while read -r data; do
            notes=${data#.}
            cp "${notes%.gcda}.gcno" "${data%.gcda}.gcno" && $gcov -t "$data"
        done
    ) >"$each.gcov" 2>/dev/null
done
