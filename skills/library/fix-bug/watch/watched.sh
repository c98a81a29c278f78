# Run the command line in SEEDSMITH_COMMAND watched; to be sourced by any POSIX shell.
#
# SEEDSMITH_WATCH names the folder of this file, a copy that may be written to. Commands set PYTHONPATH or
# NODE_OPTIONS themselves, so a variable alone doesn't reach the tests. It is put back at three places: in
# the assignments of the command line, in programs found by name (the links in `bin`), and in the children
# of Python programs (seedsmith_start.py).

export SEEDSMITH_WATCH PYTHONDONTWRITEBYTECODE=1
pwd -P >"$SEEDSMITH_WATCH/root"
mkdir -p "$SEEDSMITH_WATCH/bin" "$SEEDSMITH_WATCH/out"
. "$SEEDSMITH_WATCH/environment.sh"
for each in python python3 python3.8 python3.9 python3.10 python3.11 python3.12 python3.13 python3.14 \
    python3.15 pypy3 pytest py.test coverage tox nox hatch poetry pdm pipenv pipx rye uv uvx invoke inv \
    nose2 green stestr node npm npx pnpm yarn make gmake sh bash \
    $([ -f "$SEEDSMITH_WATCH/go_each.sh" ] && echo go) \
    $([ -f "$SEEDSMITH_WATCH/compiler.sh" ] && echo cc gcc c89 c99 c++ g++ clang clang++); do
    if command -v "$each" >/dev/null 2>&1; then
        ln -sf ../by_name.sh "$SEEDSMITH_WATCH/bin/$each"
    fi
done
PATH="$SEEDSMITH_WATCH/bin:$PATH"
SEEDSMITH_COMMAND=$(rewatched "$SEEDSMITH_COMMAND")
export PATH SEEDSMITH_COMMAND
eval "unset SEEDSMITH_COMMAND each
$SEEDSMITH_COMMAND"
