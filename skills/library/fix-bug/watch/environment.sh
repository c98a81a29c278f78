# Put the watchers into the environment where they are missing; sourced with SEEDSMITH_WATCH set.

case ":${PYTHONPATH-}:" in
*":$SEEDSMITH_WATCH:"*) ;;
*) export PYTHONPATH="$SEEDSMITH_WATCH${PYTHONPATH:+:$PYTHONPATH}" ;;
esac
if [ -f "$SEEDSMITH_WATCH/seedsmith_watch.js" ]; then
    case "${NODE_OPTIONS-}" in
    *"$SEEDSMITH_WATCH/seedsmith_watch.js"*) ;;
    *) export NODE_OPTIONS="--require=$SEEDSMITH_WATCH/seedsmith_watch.js${NODE_OPTIONS:+ $NODE_OPTIONS}" ;;
    esac
fi

# A command line whose assignments of PYTHONPATH and NODE_OPTIONS keep the watchers.
rewatched() {
    kept="$1"
    kept=$(printf '%s\n' "$kept" | reassigned PYTHONPATH '"$SEEDSMITH_WATCH"' :)
    if [ -f "$SEEDSMITH_WATCH/seedsmith_watch.js" ]; then
        kept=$(printf '%s\n' "$kept" |
            reassigned NODE_OPTIONS '--require="$SEEDSMITH_WATCH"\/seedsmith_watch.js' '\\ ')
    fi
    printf '%s\n' "$kept"
}

# Standard input with $2 put before whatever is assigned to $1, $3 between them where that is something.
reassigned() {
    before="(^|[[:space:];&|({\"'])"
    sed -E \
        -e "s/$before$1=(\"\"|'')?([[:space:];&|)]|\$)/\\1$1 IS=$2\\3/g" \
        -e "s/$before$1=([^[:space:];&|)])/\\1$1=$2$3\\2/g" \
        -e "s/$1 IS=/$1=/g"
}
