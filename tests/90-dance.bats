#!/usr/bin/env bats
#
# The dance of supervisor and command: signals, the terminal, job control, a bad inheritance.
# That the end of one is the end of all stands in 91-host.bats.

load helpers
load probe
load session

setup_file() { build_probe; }

teardown() {
    kill_left
    if [ -n "${SESSION_PID-}" ]; then session_end; fi
}

# begin ARG...: starts the program in the background, in a session of its own. What it says goes
# to the file "said". Waits until the command has written a line to the file "log".
begin() {
    chmod 0777 .
    rm -f log
    (umask 0 && : >log)
    (
        remember_session
        exec setsid ${MC_AS[@]+"${MC_AS[@]}"} "$MC" "$@"
    ) >said 2>&1 3>&- 4>&- </dev/null &
    supervisor=$!
    wait_for '[ -s log ]'
}

# The status of what begin() started, in $status.
finish() {
    status=0
    wait "$supervisor" || status=$?
    supervisor=
}

state() { sed -n 's/^State:.\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null || true; }
children() { grep -l "^PPid:.$1\$" /proc/[0-9]*/status 2>/dev/null | tr -dc '0-9\n' || true; }
child_of() { children "$1" | sort -n | head -n 1; }

# ---------------------------------------------------------------------------------------------
# Signals that a process sends
# ---------------------------------------------------------------------------------------------

# A shell that writes the name of each signal it gets into the file $log.
TRAPS='for s in TERM HUP INT QUIT WINCH USR1 USR2; do trap "echo $s >>$log" $s; done
echo ready >>$log
while :; do sleep 1000 & wait $!; kill -9 $!; done'

# pass_all ARG...: each of the seven, sent to the supervisor, reaches the command once.
pass_all() {
    local signal want=ready
    echo "-- $*"
    begin "$@"
    for signal in TERM HUP INT QUIT WINCH USR1 USR2; do
        kill "-$signal" "$supervisor"
        want+=$'\n'$signal
        wait_for '[ "$(grep -c "" log)" -ge "$(grep -c "" <<<"$want")" ]' 5 || true
        assert "$(cat log)" == "$want"
    done
    kill -KILL "$supervisor"
    finish
    assert "$(cat log)" == "$want"
}

pass_all_everywhere() {
    local inside=(--volume "$PWD:/mnt" --workdir /mnt)
    pass_all run "${inside[@]}" -- sh -c "log=log; $TRAPS"
    pass_all run --no-init "${inside[@]}" -- sh -c "log=log; $TRAPS"
    pass_all run --no-pid "${inside[@]}" -- sh -c "log=log; $TRAPS"
    pass_all run --only user -- sh -c "log=log; $TRAPS"
    pass_all run --none -- sh -c "log=log; $TRAPS"
    no_process_left
}

@test "signals: TERM HUP INT QUIT WINCH USR1 USR2 reach the command, each once" {
    requires userns
    pass_all_everywhere
}

@test "signals: the same as an ordinary user" {
    requires root user userns
    as_user pass_all_everywhere
}

@test "signals: they reach the command of a second window, and not that of the first" {
    requires userns
    begin run --volume "$PWD:/mnt" --workdir /mnt -- sh -c "log=log; $TRAPS"
    first=$supervisor
    mkdir -m 0777 second
    cd second
    pass_all exec "$first" -- sh -c "log=/mnt/second/log; $TRAPS"
    assert "$(cat ../log)" == ready "the first"
    supervisor=$first
    kill -KILL "$supervisor"
    finish
    no_process_left
}

@test "signals: a command without a handler ends by the signal itself; PID 1 is deaf to it" {
    requires userns
    local options signal
    for options in "" --no-pid; do
        for signal in TERM HUP USR1; do
            # shellcheck disable=SC2086  # may be no word
            begin run $options --volume "$PWD:/mnt" -- sh -c 'echo up >>/mnt/log; exec sleep 1000'
            # It must be sleep already: the shell would be no other case, but it could still write
            wait_for '[ "$(cat "/proc/$(child_of "$(child_of "$supervisor")")/comm")" = sleep ]'
            kill "-$signal" "$supervisor"
            finish
            assert "$status" == $((128 + $(kill -l "$signal"))) "run $options, $signal"
            assert "$(cat said)" lacks lesson "there is nothing to say"
        done
    done
    # As Docker's default: the kernel drops it, and nothing of ours says more or kills.
    begin run --no-init --volume "$PWD:/mnt" -- sh -c 'trap "echo heard >>/mnt/log" USR2
        echo up >>/mnt/log; while :; do sleep 0.1; done'
    kill -TERM "$supervisor"
    kill -HUP "$supervisor"
    kill -USR2 "$supervisor" # which says that the others have been passed on
    wait_for '[ "$(tail -n 1 log)" = heard ]'
    assert "$(state "$supervisor")" == S
    assert "$(cat said)" == ""
    kill -KILL "$supervisor"
    finish
    no_process_left
}

@test "signals: the handler's status is the container's" {
    requires userns
    begin run --volume "$PWD:/mnt" -- sh -c 'trap "exit 7" TERM; echo up >>/mnt/log; sleep 1000 & wait'
    kill -TERM "$supervisor"
    finish
    assert "$status" == 7
    assert "$(cat said)" == "" "there is nothing to say"
}

@test "signals: PID 1 that fetches them by sigwait(3), as other inits do, gets them" {
    requires userns
    need_probe
    begin run --no-init --volume "$PWD:/mnt" -- /mnt/probe sigwait /mnt/log
    wait_for '[ "$(state "$(child_of "$supervisor")")" = S ]'
    kill -USR1 "$supervisor"
    wait_for '[ "$(tail -n 1 log)" = "signal '"$(kill -l USR1)"'" ]'
    kill -TERM "$supervisor"
    finish
    assert "$status" == $((100 + $(kill -l TERM)))
    assert "$(cat said)" == "" "there is nothing to say"
}

@test "signals: TERM while the command has all of them blocked for a moment is not lost" {
    requires userns
    need_probe
    local options
    for options in "" --no-pid; do
        # shellcheck disable=SC2086  # may be no word
        begin run $options --volume "$PWD:/mnt" -- /mnt/probe busy /mnt/log
        kill -TERM "$supervisor"
        finish
        assert "$status" == 143 "run $options"
        assert "$(cat said)" lacks lesson "there is nothing to say"
        no_process_left
    done
}

# ---------------------------------------------------------------------------------------------
# What the caller hands down
# ---------------------------------------------------------------------------------------------

@test "inheritance: SIGCHLD ignored or blocked, all signals ignored or blocked" {
    requires userns
    local how options
    need_probe
    for how in chld-ign chld-blocked all-ign all-blocked; do
        for options in "" "--no-init" "--no-pid" "--none"; do
            # shellcheck disable=SC2086  # may be no word
            call -7 ./probe start "$how" "$MC" run $options -- sh -c 'exit 7'
        done
        call ./probe start "$how" "$MC" run -- grep -E '^Sig(Blk|Ign):' /proc/self/status
        assert "$(grep -c '' <<<"$output")" == 2
        assert "$output" !~ ':[[:blank:]]*[0-9a-f]*[1-9a-f]' "nothing is blocked or ignored"
        call ./probe start "$how" "$MC" lab true
        call ./probe start "$how" "$MC" compare uts -- true
    done
}

@test "inheritance: stdin, stdout or stderr closed" {
    requires userns
    local how
    for how in '' --no-init --none; do
        # shellcheck disable=SC2086  # may be no word
        mc run $how -- sh -c 'cat && echo end' <&-
        assert "$output" == end "what is closed is /dev/null inside, and no descriptor of ours"
        # The status tells whether a command could write to what was closed.
        call -5 sh -c "exec 1>&-; minicontainer run $how -- sh -c 'echo || exit 9; exit 5'"
        call -5 sh -c "exec 2>&-; minicontainer run $how -- sh -c 'echo >&2 || exit 9; exit 5'"
        call -5 sh -c "exec 0<&- 1>&- 2>&-; minicontainer run $how -- sh -c 'cat && echo || exit 9; exit 5'"
    done
}

# ---------------------------------------------------------------------------------------------
# The terminal
# ---------------------------------------------------------------------------------------------

COUNT='n=0; trap "n=\$((n+1)); echo caught \$n." INT; echo up
until read x; do :; done; echo total $n; exit 3'

# ^C, once and for all kinds of PID 1; the terminal's modes and its foreground group afterwards.
interrupts() {
    local options modes command
    printf '%s\n' "$COUNT" >count
    chmod 0777 .
    chmod 0644 count
    session_start
    session_prompt
    session_type 'stty -g'
    session_prompt
    modes=$output
    for options in "--volume $PWD:/mnt --workdir /mnt" "--volume $PWD:/mnt --workdir /mnt --no-init" \
        "--no-pid --volume $PWD:/mnt --workdir /mnt" "--none"; do
        session_type "minicontainer run $options -- sh count"
        session_wait $'\nup'
        session_key '\003'
        session_wait 'caught 1\.'
        session_key '\003'
        session_wait 'caught 2\.'
        session_type 'end'
        session_prompt
        assert "$output" contains 'total 2' "each ^C came once ($options)"
        session_type 'echo status $?; stty -g'
        session_prompt
        assert "$output" == $'status 3\n'"$modes"
    done
    # The first ^C ends a command that has no handler, and all of its group, as without a container.
    for options in "" --no-pid --none; do
        for command in "sleep 1000" "sh -c 'sleep 1000; :'"; do
            session_type "minicontainer run $options -- $command"
            session_started sleep
            session_key '\003'
            session_prompt
            session_type 'echo status $?; stty -g'
            session_prompt
            assert "$output" == $'status 130\n'"$modes" "run $options -- $command"
        done
    done
    # PID 1 that does not listen: it is said why, and the third ends it.
    session_type 'minicontainer run --no-init -- sleep 1000'
    session_started sleep
    session_key '\003'
    session_wait 'has no handler'
    session_key '\003'
    session_wait '\^C 2 of 3'
    session_key '\003'
    session_wait '\^C 3 of 3'
    session_type ''
    session_prompt
    session_type 'echo status $?; stty -g'
    session_prompt
    assert "$output" == $'status 137\n'"$modes"
    session_end
    no_process_left
}

# session_front REGEX: a process of that name belongs to the foreground job.
session_front() {
    started=$1
    wait_for '[ -n "$(tree | awk "\$4 == \$5" | grep -E " ($started)\$")" ]' || { tree; return 1; }
}

@test "terminal: ^C comes once; PID 1 without a handler: the third one ends it" {
    requires tty userns
    need_probe
    interrupts
}

@test "terminal: ^C as an ordinary user" {
    requires root tty user userns
    need_probe
    as_user interrupts
}

# ^Z, jobs, bg, fg on the whole container; and a job in the background that wants to read.
jobs_outside() {
    local options
    session_start
    session_prompt
    for options in "" --no-init --no-pid --none; do
        session_type "minicontainer run $options -- sleep 1000"
        session_started sleep
        session_key '\032'
        session_prompt
        assert "$output" contains Stopped
        session_states T sleep minicontainer
        session_type jobs
        session_prompt
        assert "$output" contains "Stopped"
        session_type bg
        session_prompt
        session_states S sleep minicontainer
        session_type jobs
        session_prompt
        assert "$output" contains "Running"
        # Of a job that runs the shell says nothing by fg: it is in front, its container may not be.
        session_type fg
        session_front 'sleep|minicontainer'
        session_key '\032'
        session_prompt
        assert "$output" contains Stopped
        session_states T sleep minicontainer
        # Who wakes our program alone, and not the whole job, wakes the container too.
        kill -CONT "$(tree | awk '$7 == "minicontainer" { print $1; exit }')"
        session_states S sleep minicontainer
        session_type fg
        session_front 'sleep|minicontainer'
        session_key '\032'
        session_prompt
        session_states T sleep minicontainer
        session_type fg
        session_front sleep
        session_states S sleep minicontainer
        case $options in
        --no-init) # PID 1 is deaf to ^C
            kill -KILL "$(tree | awk '$7 == "sleep" { print $1 }')"
            session_prompt
            ;;
        *)
            session_key '\003'
            session_prompt
            session_type 'echo status $?'
            session_prompt
            assert "$output" == 'status 130'
            ;;
        esac
        wait_for '[ -z "$(tree | grep " sleep\$")" ]'
    done
    session_end
    no_process_left
}

@test "terminal: ^Z, jobs, bg and fg on the whole container" {
    requires tty userns
    need_probe
    jobs_outside
}

@test "terminal: ^Z, jobs, bg and fg as an ordinary user" {
    requires root tty user userns
    need_probe
    as_user jobs_outside
}

# CPU time of all that is below the terminal, in clock ticks
ticks() { tree | awk '{ n += $6 } END { print n + 0 }'; }

reads_in_background() {
    local options before
    session_start
    session_prompt
    for options in "" --no-init --no-pid; do
        # (The note of --no-pid would stand behind the prompt.)
        session_type "minicontainer run $options -- cat 2>/dev/null &"
        session_prompt
        session_states T cat minicontainer
        before=$(ticks)
        session_type fg
        session_front cat
        session_type 'hello there'
        session_wait $'\nhello there\nhello there'
        assert "$(($(ticks) - before))" -lt 20 "clock ticks of CPU time"
        session_key '\004'
        session_prompt
    done
    session_end
    no_process_left
}

@test "terminal: cat in the background is stopped, and does not spin; fg gives it the terminal" {
    requires tty userns
    need_probe
    reads_in_background
}

@test "terminal: cat in the background as an ordinary user" {
    requires root tty user userns
    need_probe
    as_user reads_in_background
}

# A shell inside has its own jobs.
jobs_inside() {
    local command modes
    session_start
    session_prompt
    session_type 'stty -g'
    session_prompt
    modes=$output
    for command in "run -- bash --norc" "run --no-init -- bash --norc" "lab"; do
        session_type "minicontainer $command"
        session_prompt
        assert "$prompt" =~ '^(box|lab)# $'
        assert "$output" lacks "job control" "no complaint of the shell"
        session_type 'sleep 1001 &'
        session_prompt
        assert "$output" contains '[1]'
        session_type 'sleep 1002'
        session_front sleep
        session_key '\032'
        session_prompt
        assert "$output" contains 'Stopped'
        session_type 'jobs'
        session_prompt
        assert "$output" =~ 'Running +sleep 1001'
        assert "$output" =~ 'Stopped +sleep 1002'
        session_type 'fg'
        session_front sleep
        session_key '\003'
        session_prompt
        session_type 'stty -echo; kill %1; exit 5'
        session_prompt
        assert "$prompt" == '$ '
        session_type 'echo status $?; stty -g'
        session_prompt
        assert "$output" == $'status 5\n'"$modes" "the modes of the terminal are given back"
    done
    session_end
    no_process_left
}

@test "terminal: job control of a shell inside, and the terminal as it was afterwards" {
    requires tty userns
    need_probe
    jobs_inside
}

@test "terminal: job control of a shell inside, as an ordinary user" {
    requires root tty user userns
    need_probe
    as_user jobs_inside
}

# An interactive shell that owns the foreground is killed.
killed_shell() {
    local modes shell options
    session_start
    session_prompt
    session_type 'stty -g'
    session_prompt
    modes=$output
    for options in "" --no-init; do
        session_type "minicontainer run $options -- bash --norc"
        session_prompt
        session_type 'stty -echo -icanon; sleep 1000'
        session_started sleep
        shell=$(tree | awk '$7 == "minicontainer" || $7 == "init" { m = $1 }
            $7 == "bash" && $2 == m { print $1 }')
        kill -KILL "$shell"
        prompt='$ '
        session_prompt
        session_type 'echo status $?; stty -g'
        session_prompt
        assert "$output" == $'status 137\n'"$modes" "run $options"
    done
    session_end
    no_process_left
}

@test "terminal: given back when the shell inside was killed" {
    requires tty userns
    need_probe
    killed_shell
}

@test "terminal: given back when the shell inside was killed, as an ordinary user" {
    requires root tty user userns
    need_probe
    as_user killed_shell
}

hang_up() {
    local command pids
    # (A PID 1 without a handler is deaf to SIGHUP, too: one that reads has an end of file.)
    for command in 'run -- sleep 1000' 'run --no-init -- cat' 'run --none -- sleep 1000' \
        'run -- bash --norc' 'run -- sh -c "trap : USR1; sleep 1000"' 'lab sleep 1000'; do
        echo "-- $command"
        session_start "exec minicontainer $command"
        case $command in
        *bash*) session_wait 'box# ' ;;
        *cat) session_started cat ;;
        *) session_started sleep ;;
        esac
        pids=$(tree | cut -d ' ' -f 1 | paste -sd ' ')
        assert "$(wc -w <<<"$pids")" -ge 2 "the supervisor and the command"
        session_end
        wait_for '[ -z "$(alive $pids)" ]' 5 || { ps -f -p "${pids// /,}"; return 1; }
    done
    no_process_left
}

# Those of the given processes that are alive.
alive() {
    local pid
    for pid; do
        case $(state "$pid") in '' | Z | X) ;; *) echo "$pid" ;; esac
    done
}

@test "terminal: its end is the end of the container" {
    requires tty userns
    need_probe
    hang_up
}

@test "terminal: its end is the end of an ordinary user's container" {
    requires root tty user userns
    need_probe
    as_user hang_up
}

# In a pipeline the terminal belongs to its other programs, too: the container gets it when it asks.
pipelines() {
    local modes command
    printf '%s\n' 'exec 3</dev/tty' 'stty -icanon -echo <&3' \
        'echo "pager: $(dd bs=1 count=1 2>/dev/null <&3)"' 'stty "$1" <&3' >pager
    session_start
    session_prompt
    session_type 'stty -g'
    session_prompt
    modes=$output
    # A pager behind a container reads the keyboard, while the container runs, and afterwards.
    for command in true 'sleep 1000'; do
        session_type "minicontainer run -- sh -c '$command; :' | sh pager $modes"
        session_started sh
        wait_for '[ -n "$(tree | grep " dd\$")" ]'
        # (A ^C that comes before the shell's child has become our program may be lost in that shell.)
        if [ "$command" = true ]; then
            wait_for '[ -z "$(tree | grep " minicontainer\$")" ]'
        else
            session_started sleep
        fi
        session_key 'k'
        session_wait 'pager: k'
        # And ^C ends what is left, all of it.
        if [ "$command" != true ]; then session_key '\003'; fi
        prompt='$ '
        session_prompt
        session_type 'echo status ${PIPESTATUS[0]}; stty -g'
        session_prompt
        case $command in
        true) assert "$output" == $'status 0\n'"$modes" ;;
        *) assert "$output" == $'status 130\n'"$modes" ;;
        esac
    done
    # A container before or behind, or twice, reads it when it wants to; ^Z and fg on all of it.
    for command in 'minicontainer run -- cat | cat' 'minicontainer run -- cat | minicontainer run -- cat'; do
        session_type "$command"
        session_started cat
        session_type 'hello there'
        session_wait $'hello there\nhello there'
        session_key '\032'
        session_prompt
        assert "$output" contains Stopped "$command"
        session_states T cat minicontainer
        session_type fg
        wait_for '[ "$(tree | grep -c " T ")" = 0 ]'
        session_type 'and again'
        session_wait $'and again\nand again'
        session_key '\004'
        session_prompt
        assert "$prompt" == '$ '
    done
    session_type 'echo hello | minicontainer run -- cat'
    session_prompt
    assert "$output" == hello
    session_end
    no_process_left
}

@test "terminal: a pipeline, whose other programs read it, too" {
    requires tty userns
    need_probe
    pipelines
}

@test "terminal: a pipeline, as an ordinary user" {
    requires root tty user userns
    need_probe
    as_user pipelines
}

@test "without a /proc an ignored SIGCHLD does not keep the supervisor waiting, either" {
    requires userns cc
    need_probe
    mkdir -p root/bin
    cp "$MC" probe root/bin/
    for library in $(ldd "$MC" 2>/dev/null | grep -oE '/[^ ]+'); do
        mkdir -p "root${library%/*}"
        cp -L "$library" "root$library"
    done
    # /proc/self is all that such a root lacks: a plain child needs nothing of it.
    call unshare --user --map-root-user --root="$PWD/root" /bin/probe start chld-ign \
        /bin/minicontainer run --none /bin/minicontainer --version
    assert "$output" =~ '^minicontainer [0-9]'
}
