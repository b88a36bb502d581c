# shellcheck shell=bash disable=SC2154  # work, who, T, BENCH, root: bench.bash's
#
# ports.bash -- what a call costs that comes in by -p, and a start with a network. A part of bench.bash,
# which reads it; and a program of its own, which that starts in a network that is thrown away:
#
#   ports.bash rates MINICONTAINER ROUNDS SECONDS
#       A line for each round, Mbit/s of one stream of iperf3(1), all to the same server: by -p where the
#       container has a network; by socat(1), which calls it there; out of another container; by
#       nobody, from the bridge; and, to a server without a network, by -p.
#   ports.bash starts DRIVER ROUNDS <ROWS
#       driver.c's times.
#
# BENCH_PORT_ROUNDS (5; starts: six times as many), BENCH_PORT_SECONDS (1) for each stream.

# rate COMMAND...: a client of iperf3. Mbit/s that came.
rate() {
    "$@" --json --time "$seconds" | awk -F'[:,]' '/"sum_received"/ { on = 1 }
        on && /"bits_per_second"/ { printf "%.0f\n", $2 / 1e6; on = 0 }'
}

in_network() {
    local what=$1
    shift
    # The program makes a network for who is PID 1 of this name.
    printf lab >/proc/1/comm
    ip link set lo up
    case $what in
    rates) rates "$@" ;;
    starts) "$1" times "$2" 0 || exit 1 ;; # (exec would change the name)
    esac
}

rates() {
    local mc=$1 rounds=$2 seconds=$3 i
    "$mc" run --network front -p 8080:5201 -- iperf3 --server >/dev/null 2>&1 &
    "$mc" run -p 8081:5201 -- iperf3 --server >/dev/null 2>&1 &
    socat TCP-LISTEN:8082,fork,reuseaddr TCP:172.18.0.2:5201 &
    for i in 8080 8081 8082; do
        until iperf3 --bytes 1K --client 127.0.0.1 --port "$i"; do sleep 0.1; done
    done >/dev/null 2>&1
    for ((i = 0; i < rounds; i++)); do
        {
            rate iperf3 --client 127.0.0.1 --port 8080
            rate iperf3 --client 127.0.0.1 --port 8082
            rate "$mc" run --network front -- iperf3 --client 172.18.0.2
            rate iperf3 --client 172.18.0.2
            rate iperf3 --client 127.0.0.1 --port 8081
        } | paste -sd '\t'
    done
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    in_network "$@"
    exit
fi

# throw_away COMMAND...: with a network, and processes, that end with it.
throw_away() {
    as_person unshare --user --map-root-user --net --mount --pid --fork --kill-child --mount-proc "$@" \
        2>"$work/why"
}

# ports GROUP: the medians of the rounds in $work/times.
ports() {
    awk -v line=ports -v who="$who" -v mode="$1" -v names="$work/names" -f "$BENCH/medians.awk" \
        "$work/times" >>"$lines"
}

# All of one person.
port_rows() {
    local rounds=${BENCH_PORT_ROUNDS:-5} name way mc
    [ "$rounds" -gt 0 ] || return 0
    for name in unshare ip iperf3 socat; do
        if ! command -v "$name" >/dev/null; then
            fact absent ports any "$name is not installed" "$who"
            return
        fi
    done
    if ! throw_away ip link add br0 type bridge; then
        fact absent ports any "$(head -n 1 "$work/why")" "$who"
        return
    fi
    say "measuring: as $who, calls that come in, $rounds rounds"
    printf "%s${T}dynamic\n" port socat containers bridge alone >"$work/names"
    throw_away bash "$BENCH/ports.bash" rates "$work/dynamic/minicontainer" "$rounds" \
        "${BENCH_PORT_SECONDS:-1}" >"$work/times" || { tail -n 5 "$work/why" >&2 && fail "a call, as $who"; }
    ports rate
    : >"$work/names"
    : >"$work/rows"
    for way in static dynamic; do
        mc=$work/$way/minicontainer
        printf "%s${T}$way\n" plain network port >>"$work/names"
        words "$mc" run --image "$root" /bin/true
        words "$mc" run --network front --image "$root" /bin/true
        words "$mc" run -p 8080:80 --image "$root" /bin/true
    done
    throw_away bash "$BENCH/ports.bash" starts "$work/driver" $((6 * rounds)) <"$work/rows" >"$work/times" ||
        { tail -n 5 "$work/why" >&2 && fail "a start with a network, as $who"; }
    ports start
}
