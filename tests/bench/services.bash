# shellcheck shell=bash disable=SC2154  # work, who, T, BENCH, root: bench.bash's
#
# services.bash -- what three services of a compose file cost, and a start that a daemon makes, beside one
# plain start. A part of bench.bash, which reads it; and a program of its own, which that starts:
#
#   services.bash times DRIVER ROUNDS SOCKET MINICONTAINER [SOCKET MINICONTAINER]... <ROWS
#       driver.c's times, while a daemon of that program answers at each socket.
#
# BENCH_SERVICE_ROUNDS (20) rounds.

# Ended by the trap, however this ends.
with_daemons() {
    local driver=$1 rounds=$2 tries
    shift 2
    daemons=() # (of the trap, which is outside of this function)
    trap 'if [ "${#daemons[@]}" -gt 0 ]; then kill "${daemons[@]}"; wait; fi 2>/dev/null' EXIT
    trap 'exit 130' INT TERM HUP
    while [ "$#" -gt 1 ]; do
        "$2" daemon "$1" </dev/null >/dev/null &
        daemons+=("$!")
        for ((tries = 0; tries < 600; tries++)); do
            if "$2" --host "$1" isolations >/dev/null 2>&1; then break; fi
            sleep 0.1
        done
        shift 2
    done
    "$driver" times "$rounds" 0
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    shift
    with_daemons "$@"
    exit
fi

# All of one person. (A root of its own: compose writes names into a file that it must have.)
service_rows() {
    local rounds=${BENCH_SERVICE_ROUNDS:-20} way mc dir=$work/services name daemons=()
    [ "$rounds" -gt 0 ] || return 0
    if [ ! -d "$dir" ]; then
        mkdir -p "$dir"
        cp -a "$root" "$dir/root"
        mkdir -p "$dir/root/etc"
        : >"$dir/root/etc/hosts"
        echo services: >"$dir/compose.yaml"
        for name in a b c; do
            printf '  %s:\n    image: ./root\n    command: [/bin/true]\n' "$name" >>"$dir/compose.yaml"
        done
    fi
    say "measuring: as $who, services, $rounds rounds"
    : >"$work/names"
    : >"$work/rows"
    for way in static dynamic; do
        mc=$work/$way/minicontainer
        row plain "$way" "$mc" run --image "$dir/root" /bin/true
        if [ -n "$measurable" ]; then
            daemons+=("$work/$who/$way.sock" "$mc")
            echo "daemon$T$way" >>"$work/names"
            words "$mc" --host "$work/$who/$way.sock" run --image "$dir/root" /bin/true
        fi
        row compose "$way" "$mc" compose -f "$dir/compose.yaml" up
    done
    [ -s "$work/names" ] || return 0
    as_person bash "$BENCH/services.bash" times "$work/driver" "$rounds" "${daemons[@]}" <"$work/rows" \
        >"$work/times" 2>"$work/why" || { tail -n 5 "$work/why" >&2 && fail "a service, as $who"; }
    awk -v line=services -v who="$who" -v mode=start -v names="$work/names" -f "$BENCH/medians.awk" \
        "$work/times" >>"$lines"
}
