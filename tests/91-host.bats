#!/usr/bin/env bats
#
# The program never changes the host: the fingerprint before is the fingerprint after, and nothing
# stays alive, however a container ends. What would be left is found by a subreaper (probe.c):
# every orphan becomes its child, so that "no child" means that nothing at all is left.

load helpers
load probe
load session

setup_file() { build_probe; }

# A container that is still there when a test fails.
teardown() { kill_left; }

# What ends well, and what ends badly in every place.
all_ways_to_end() {
    local before
    mkdir -p image
    before=$(fingerprint)
    mc run -- true
    mc -7 run --privileged -- sh -c 'hostname oops; exit 7'
    mc -137 run --init -- sh -c 'kill -9 $$'
    mc -127 run -- no-such-command
    mc -126 run -- /etc
    mc -125 run --no-such-option -- true
    mc -125 run --only proc -- true
    mc -125 run --image /no/such -- true
    mc -125 run --volume /no/such:/mnt -- true
    mc -127 run --image ./image -- true
    mc -125 run --workdir /no/such -- true
    mc -125 run --volume /usr:/etc/alternatives/x/y -- true
    mc run --init -- sh -c 'sleep 1000 & setsid sleep 1000 & exit 0'
    mc run --no-pid -- sh -c 'sleep 1000 & setsid sleep 1000 & exit 0'
    mc run --none -- sh -c 'sleep 1000 & setsid sleep 1000 & exit 0'
    mc run --privileged -- sh -c 'mount -t tmpfs none /mnt; ip link add d type dummy; ipcmk -Q; exit 0'
    mc -125 run --cap-add no -- true
    mc -125 run --memory 1 -- true
    mc -any run --memory 50M --cpus 0.5 --pids-limit 50 -- true
    mc -any run --pids-limit 50 -- no-such-command
    mc -any doctor
    mc lab sh -c 'hostname oops; mount -t tmpfs none /mnt; ipcmk -Q; rm -r /etc/hosts /root; exit 0'
    mc lab minicontainer run --none -- hostname oops
    mc compare
    mc compare uts -- hostname oops
    mc look
    assert "$(fingerprint)" == "$before"
}

@test "unchanged: after every command, and every way in which it can end" {
    requires userns
    all_ways_to_end
}

@test "unchanged: after every command, as an ordinary user" {
    requires root user userns
    as_user all_ways_to_end
}

# kept_things: a store outside of what the fingerprint looks at, with the image base, and a recipe ctx.
kept_things() {
    export XDG_DATA_HOME=$MC_STATE/data-$EPOCHREALTIME TMPDIR=$MC_STATE
    ${MC_AS[@]+"${MC_AS[@]}"} mkdir -m 0700 "$XDG_DATA_HOME"
    make_base self
    mkdir -p "$MC_STATE/ctx"
    printf 'FROM base\nCOPY Dockerfile /\nRUN %s\n' "$1" >"$MC_STATE/ctx/Dockerfile"
    chmod -R a+rX "$MC_STATE/ctx"
}

# The same for the commands that keep something: only the store, and the directory of push, are changed.
all_ways_to_keep() {
    local before stick=$MC_STATE/stick-$EPOCHREALTIME
    requires overlay
    before=$(fingerprint)
    kept_things 'touch /seen'
    mc -7 run --image base -- sh -c 'rm /etc/motd; exit 7'
    mc -125 run --image none -- true
    mc images
    mc history base
    mc run --name c --image base -- touch /new
    mc -125 run --name c --image base -- true
    mc -137 run --name killed --image base -- sh -c 'kill -9 $$'
    mc diff c
    mc commit c y
    mc -125 commit c NO
    mc create --name k --image base -- sleep 1000
    mc start k
    mc -125 start k
    mc -127 run -d --name n --image base -- no-such-command
    mc run -d --name d --image base -v v:/v -- \
        sh -c 'sleep 1000 & setsid sleep 1000 & touch /v/f; exec sleep 1000'
    mc exec d -- true
    mc logs d
    mc ps -a
    mc -125 rm d
    mc stop d
    mc start d
    mc rm -f d
    mc stop -t 0 k
    mc volume ls
    mc volume rm v
    mc build -t z "$MC_STATE/ctx"
    mc build --no-cache -t z "$MC_STATE/ctx"
    printf 'FROM base\nRUN sleep 1000 & setsid sleep 1000 & exit 3\n' >"$MC_STATE/ctx/Dockerfile"
    mc -125 build -t no "$MC_STATE/ctx"
    mc push z "$stick"
    mc -125 push none "$stick"
    mc rmi z
    mc pull z "$stick"
    mc -125 pull none "$stick"
    mc -125 pull z /no/such
    mc -125 rmi base
    mc lab sh -c 'sh lessons/15-layers/make-base && minicontainer run -d --image base -- sleep 1000'
    mc rm c
    no_process_left
    assert "$(fingerprint)" == "$before"
}

@test "unchanged: after every command that keeps something, but for the store" {
    requires userns
    all_ways_to_keep
}

@test "unchanged: after every command that keeps something, as an ordinary user" {
    requires root user userns
    as_user all_ways_to_keep
}

# What a student may do at a terminal; between, the terminal is closed under a running command.
at_a_terminal() {
    local before
    before=$(fingerprint)
    session_start
    session_prompt
    session_type 'minicontainer run -- sh -c "trap \"echo caught; exit 13\" INT; echo up; sleep 1000 & wait"'
    session_wait $'\nup'
    session_key '\003'
    session_prompt
    assert "$output" contains caught
    session_type 'minicontainer lab'
    session_prompt
    session_type 'hostname oops; (sleep 1000 &); sleep 1000'
    session_end
    no_process_left
    rm -f "$HOME/.bash_history"
    assert "$(fingerprint)" == "$before"
}

@test "unchanged: after ^C, and after a terminal that was closed" {
    requires tty userns
    at_a_terminal
}

@test "unchanged: after ^C and a closed terminal, as an ordinary user" {
    requires root tty user userns
    as_user at_a_terminal
}

# The time of a start, in microseconds, times three; 30 ms at least: so long is the stretch over
# which the moments of the kills are spread.
measure_stretch() {
    local begin=${EPOCHREALTIME/[.,]/} took
    "$MC" run -- true >/dev/null 2>&1 3>&- 4>&-
    took=$((${EPOCHREALTIME/[.,]/} - begin))
    STRETCH=$((took > 10000 ? took * 3 : 30000))
}

# hit_at_moments HOW TRIES ARG...: start the program with ARG, send it a signal (HOW: TERM ...) or
# kill one of its processes (HOW: kill), TRIES times, later each time, and another process each
# time. Afterwards nothing may be alive. MC_TRIES: so much of each hundred TRIES is done.
hit_at_moments() {
    local how=$1 tries=$(($2 * ${MC_TRIES:-50} / 100))
    shift 2
    MC_TIMEOUT=1200 call ./probe "$how" "$tries" "$STRETCH" "$MC" "$@" >"$MC_STATE/hit" || {
        cat "$MC_STATE/hit"
        return 1
    }
    tail -n 1 "$MC_STATE/hit"
    assert "$output" ends "tries $tries, left alive 0"
    hits+=$output$'\n'
}

# rounds ROUND WHO N...: ROUND, again and again, until its kills have hit each sort of process N
# times or more; without that it would not say much. How far a start has come at a given moment
# depends on the machine, and on what else it does: so each round is stretched twice as far.
rounds() {
    local round=$1
    shift
    for _ in 1 2 3 4 5; do
        "$round"
        if was_hit "$@"; then return; fi
        STRETCH=$((STRETCH * 2))
    done
    fail "not hit often enough"
}

was_hit() { # WHO N...
    local n missing=0
    while [ $# -gt 0 ]; do
        n=$(grep -c "^hit $1 " <<<"$hits") || true
        echo "hit $n times, of $2: $1"
        if [ "$n" -lt "$2" ]; then missing=1; fi
        shift 2
    done
    [ "$missing" = 0 ]
}

signals_as_anybody() {
    local signal tries before hits='' at=$PWD
    measure_stretch
    before=$(fingerprint)
    for signal in TERM INT HUP QUIT; do
        if [ "$signal" = TERM ]; then tries=16; else tries=8; fi
        hit_at_moments "$signal" "$tries" run -- sleep 1000
        hit_at_moments "$signal" "$tries" run -- sh -c 'while :; do /bin/true; done'
        hit_at_moments "$signal" "$tries" run --volume "$at:/mnt:ro" --init -- /mnt/probe stay
        hit_at_moments "$signal" "$tries" run --no-pid --volume "$at:/mnt:ro" -- /mnt/probe stay
        hit_at_moments "$signal" "$tries" run --none -- "$at/probe" stay
        hit_at_moments "$signal" "$tries" lab sleep 1000
        hit_at_moments "$signal" "$tries" compare uts -- sleep 1000
    done
    assert "$(fingerprint)" == "$before"
}

@test "signals: TERM, INT, HUP and QUIT to the supervisor end it all, at any moment" {
    requires userns
    need_probe
    signals_as_anybody
}

@test "signals: as an ordinary user, they end it all, at any moment" {
    requires root user userns
    need_probe
    as_user signals_as_anybody
}

kill_anybody() {
    local at=$PWD
    hit_at_moments kill 40 run --volume "$at:/mnt:ro" -- /mnt/probe stay
    hit_at_moments kill 30 run --volume "$at:/mnt:ro" --no-init -- /mnt/probe hold
    hit_at_moments kill 40 run --no-pid --volume "$at:/mnt:ro" -- /mnt/probe stay
    hit_at_moments kill 30 run --only user -- "$at/probe" stay
    hit_at_moments kill 30 run --none -- "$at/probe" stay
    hit_at_moments kill 30 lab sh -c 'setsid sleep 1000 & exec sleep 1000'
    hit_at_moments kill 30 compare uts -- sh -c 'setsid sleep 1000 & exec sleep 1000'
}

kill_as_anybody() {
    local before hits=''
    measure_stretch
    before=$(fingerprint)
    rounds kill_anybody supervisor 40 child 25 grandchild 20 "child init" 10 "child lab" 1 \
        "child probe" 1 "grandchild probe" 5 "grandchild init" 1 "grandchild victim" 1
    assert "$(fingerprint)" == "$before"
}

@test "kill -9: of any of our processes, at many moments, leaves nothing alive" {
    requires userns
    need_probe
    kill_as_anybody
}

@test "kill -9: as an ordinary user, of any of our processes, leaves nothing alive" {
    requires root user userns
    need_probe
    as_user kill_as_anybody
}

# Each of these goes on at the next try with what the one before has left.
kill_the_keepers() {
    local before hits=''
    requires overlay
    measure_stretch
    before=$(fingerprint)
    # (Where only a box that tidies up is killed, build goes on: so it must come to an end.)
    kept_things 'setsid sleep 1000 & sleep 0.1'
    mc create --name k --image base -- sh -c 'setsid sleep 1000 & exec sleep 1000'
    mc run --name c --image base -- cp -r /opt /opt2
    mc push base "$MC_STATE/stick"
    hit_at_moments kill 30 run --image base -- sh -c 'setsid sleep 1000 & exec sleep 1000'
    hit_at_moments kill 30 start -a k
    hit_at_moments kill 20 commit c y
    hit_at_moments kill 20 diff c
    hit_at_moments kill 30 build --no-cache -t z "$MC_STATE/ctx"
    hit_at_moments kill 10 pull base "$MC_STATE/stick"
    hit_at_moments TERM 10 start -a k
    hit_at_moments INT 10 build --no-cache -t z "$MC_STATE/ctx"
    was_hit supervisor 10 child 5
    # And all is as it was.
    mc ps
    assert "$output" lacks running
    mc commit c y
    mc run --image y -- ls /opt2/big
    assert "$(fingerprint)" == "$before"
}

@test "kill -9: of any process of run --image, start, build, commit, pull leaves nothing alive" {
    requires userns
    need_probe
    kill_the_keepers
}

@test "kill -9: as an ordinary user, of any process of these, leaves nothing alive" {
    requires root user userns
    need_probe
    as_user kill_the_keepers
}

# With an init of ours: a command that is PID 1 itself outlives its supervisor when it takes back its
# wish to die with it (chapter 3 says so).
kill_stripped() {
    local at=$PWD
    hit_at_moments kill 40 run --volume "$at:/mnt:ro" -- /mnt/probe strip 1000
    hit_at_moments kill 30 run --no-user --volume "$at:/mnt:ro" -- /mnt/probe strip 1000
    hit_at_moments kill 30 run --only pid --init -- "$at/probe" strip 1000
    hit_at_moments kill 30 run --no-pid --volume "$at:/mnt:ro" -- /mnt/probe strip 1000
    hit_at_moments kill 30 run --only user -- "$at/probe" strip 1000
    hit_at_moments kill 30 run --none -- "$at/probe" strip 1000
    hit_at_moments kill 30 run --only user,pid --init --map 0:0:1 --map 1:1:60000 -- "$at/probe" strip 1000
}

@test "kill -9: as root, when the command changed its user, leaves nothing alive" {
    requires root userns
    local before hits=''
    need_probe
    measure_stretch
    before=$(fingerprint)
    rounds kill_stripped "child init" 10 "supervisor minicontainer" 30
    assert "$(fingerprint)" == "$before"
}

@test "kill -9: no start is left half done: the command never runs as nobody" {
    requires userns
    local hits='' at=$PWD
    need_probe
    measure_stretch
    mkdir -m 0777 out
    hit_at_moments kill 40 run --volume "$at/out:/mnt" -- sh -c 'id -u >>/mnt/uid; exec sleep 1000'
    assert "$(sort -u out/uid)" == 0 "who the command was, each time"
}

@test "kill -9: a second window leaves nothing in the container" {
    requires userns
    local hits='' at=$PWD inside command
    need_probe
    measure_stretch
    chmod 0777 .
    (
        remember_session
        exec setsid "$MC" run --volume "$at:/mnt" -- /mnt/probe hold /mnt/up
    ) >/dev/null 2>&1 3>&- 4>&- &
    supervisor=$!
    disown "$supervisor"
    wait_for '[ -s up ]'
    inside=$(grep -l "^PPid:.$supervisor\$" /proc/[0-9]*/status | head -n 1)
    inside=${inside//[!0-9]/}
    # Our init has one child, the command, and gets no other.
    command=$(<"/proc/$inside/task/$inside/children")
    assert "$command" =~ ^[0-9]+' '$
    hit_at_moments kill 60 exec "$supervisor" -- sleep 1000
    wait_for '[ "$(<"/proc/$inside/task/$inside/children")" = "$command" ]'
    kill -KILL "$supervisor"
    no_process_left
}

@test "pid off: daemons that the command leaves behind end with the container" {
    requires userns
    local options
    need_probe
    chmod 0777 .
    for options in "--none" "--only user" "--only user,mnt,uts"; do
        # shellcheck disable=SC2086  # a list
        call ./probe reap 5 "$MC" run $options -- "$PWD/probe" daemon
    done
    mc run --no-pid --volume "$PWD:/mnt" -- /mnt/probe daemon /mnt/up
    no_process_left
}

@test "pid off: a daemon as a user that the command became ends with the container" {
    requires root
    local options
    need_probe
    for options in "--none" "--only user" "--only uts,mnt"; do
        # shellcheck disable=SC2086  # a list
        call ./probe reap 5 "$MC" run $options -- setpriv --reuid 1000 --clear-groups "$PWD/probe" daemon
    done
}

many_starts() {
    local i worker before workers=() who='' is='$PPID'
    before=$(fingerprint)
    for worker in 1 2; do
        # PID 1 is our init, or the command itself.
        if [ "$worker" = 2 ]; then who=--no-init is='$$'; fi
        (
            bad=0
            for ((i = 0; i < 100; i++)); do
                # shellcheck disable=SC2086  # a word or none
                "$MC" run $who --hostname "h$worker$i" -- \
                    sh -c "[ \$(hostname) = h$worker$i ] && [ $is = 1 ]" || bad=$((bad + 1))
            done
            echo "bad $bad"
        ) >"$MC_STATE/worker.$worker" 2>&1 3>&- 4>&- &
        workers+=("$!")
    done
    wait "${workers[@]}"
    assert "$(cat "$MC_STATE"/worker.*)" == $'bad 0\nbad 0'
    assert "$(fingerprint)" == "$before"
}

@test "200 starts, 2 at a time, leave the host as it was" {
    requires userns hostname
    many_starts
}
