# 98-corners.bats -- corners where a careful reader found a hole: each was one, once.

load helpers
load probe

setup_file() { build_probe; }

gone() { ! kill -0 "$1" 2>/dev/null || grep -qs '^State:.Z' "/proc/$1/status"; }

# none_of MARK: no process has this word on its command line, in whatever session.
none_of() { ! pgrep -f -- "$1" >/dev/null; }

# background ARG...: minicontainer, beside us; sets $pid
background() {
    (
        remember_session
        exec setsid "$MC" "$@"
    ) </dev/null >/dev/null 2>&1 3>&- 4>&- &
    pid=$!
    disown "$pid"
}

@test "the caller's environment is not left in the memory of our init" {
    requires userns
    local who
    for who in $(people); do
        SECRET=hunter2 $who mc run --init -- sh -c 'cat /proc/[0-9]*/environ 2>/dev/null | tr "\0" "\n"'
        assert "$output" lacks hunter2
        assert "$output" contains container=minicontainer "it was readable at all"
        SECRET=hunter2 $who mc lab sh -c 'cat /proc/[0-9]*/environ 2>/dev/null | tr "\0" "\n"'
        assert "$output" lacks hunter2
    done
}

@test "a command that takes back its wish to die with us dies all the same" {
    requires userns
    local pid init inner how
    for how in '' --no-pid '--only user' '--only user,pid --init' '--only user,mnt,root'; do
        # shellcheck disable=SC2086  # words
        background run $how -- setpriv --pdeathsig clear sleep 1000
        wait_for 'init=$(pgrep -P "$pid") && inner=$(pgrep -P "$init" -x sleep)'
        kill -KILL "$pid"
        wait_for 'gone "$inner" && gone "$init"'
    done
    # The control: a command that is PID 1 itself has nobody who would end it (chapter 3 says so).
    background run --no-init -- setpriv --pdeathsig clear sleep 1000
    wait_for 'inner=$(pgrep -P "$pid" -x sleep)'
    kill -KILL "$pid"
    wait_for 'gone "$pid"'
    kill -0 "$inner"
    kill -KILL "$inner"
    no_process_left
}

@test "pid off and no /proc in sight: a killed supervisor, or init, takes a deaf daemon with it" {
    requires userns
    need_probe
    local pid init who image=$PWD/image mark=mark-of-$$-$BATS_TEST_NUMBER
    mkdir -m 0777 image
    cp probe image/probe
    for who in pid init; do
        rm -f image/up
        background run --no-pid --image "$image" -- /probe stay /up "$mark"
        wait_for '[ -s image/up ]'
        # The supervisor (and our init, which has its words), the command, the daemon.
        assert "$(pgrep -c -f -- "$mark")" -ge 3
        init=$(pgrep -P "$pid")
        kill -KILL "${!who}"
        wait_for 'none_of "$mark"'
        no_process_left
    done
}

@test "a second window that is killed: what it started ends then, or with the container" {
    requires userns
    need_probe
    local first pid how mark=mark-of-$$-$BATS_TEST_NUMBER
    chmod 0777 .
    for how in '' --no-pid; do
        rm -f up
        # shellcheck disable=SC2086  # a word or none
        background run $how --volume "$PWD:/mnt" -- sleep 1000
        first=$pid
        wait_for 'pgrep -P "$(pgrep -P "$first")" -x sleep' 2>/dev/null
        background exec "$first" -- /mnt/probe stay /mnt/up "$mark"
        wait_for '[ -s up ]'
        assert "$(pgrep -c -f -- "$mark")" -ge 3
        kill -KILL "$pid"
        # A daemon is a child of PID 1 now; without a PID namespace nobody else would end it.
        if [ -n "$how" ]; then wait_for 'none_of "$mark"'; fi
        # All else that is left is the first window: supervisor, init, command.
        wait_for '[ "$(session_processes "$MC_STATE/sessions" | wc -l)" = 3 ]'
        kill -KILL "$first"
        wait_for 'none_of "$mark"'
        no_process_left
    done
}

@test "a /proc of another PID namespace is not written to" {
    requires userns
    call -125 unshare --user --map-root-user --pid --fork "$MC" run -- true
    assert "$stderr" contains "another PID namespace"
    assert "$stderr" contains "  cure:   mount -t proc proc /proc"
    # With a fresh /proc it works; and a plain child needs none.
    call unshare --user --map-root-user --pid --fork --mount-proc "$MC" run -- echo in
    assert "$output" == in
    call unshare --user --map-root-user --pid --fork "$MC" run --none -- echo in
    assert "$output" == in
}

@test "--read-only is for the new root: without it, it is refused" {
    mc -125 run --no-root --read-only -- true
    assert "$stderr" contains "--read-only: the isolation root is off"
    requires userns
    mc -any run --read-only -- sh -c 'touch /tmp/x || echo refused'
    assert "$output" == refused
}

@test "the umask of the caller does not close the new tree" {
    requires userns
    umask 077
    mc run -- stat -c '%a %n' /etc /home /etc/passwd /tmp
    assert "$output" == $'755 /etc\n755 /home\n644 /etc/passwd\n1777 /tmp'
}

@test "exec into a container without a PID namespace leaves nothing behind" {
    requires userns
    local pid
    background run --no-pid -- sleep 1000
    wait_for 'pgrep -P "$pid" >inner && pgrep -P "$(<inner)" -x sleep >process'
    mc exec "$(<process)" -- sh -c 'sleep 1001 & echo $!'
    wait_for 'gone "$output"'
    kill -KILL "$pid"
    wait_for 'gone "$(<process)"'
    no_process_left
}

@test "a lab where no time namespace can be made by this kernel says so, and how to go on" {
    requires userns
    call -125 unshare --user --map-root-user sh -c \
        'echo 0 >/proc/sys/user/max_time_namespaces && exec "$0" run -- true' "$MC"
    assert "$stderr" contains max_time_namespaces
    assert "$stderr" contains -- --no-time
    call unshare --user --map-root-user sh -c \
        'echo 0 >/proc/sys/user/max_time_namespaces && exec "$0" run --no-time -- echo in' "$MC"
    assert "$output" == in
}

@test "^Z where no shell could wake us is dropped, as by any other program" {
    requires userns tty
    # script(1) makes a session of which our program is the leader: an orphaned process group.
    call -any script -qec "exec $MC run -- cat" /dev/null \
        < <(sleep 1; printf '\032'; sleep 1; printf 'alive\n'; sleep 1; printf '\004')
    assert "$output" =~ alive.*alive "the terminal echoes it, and cat says it again"
}

@test "a step can be shown again a hundred times, and the files are as they should be" {
    requires userns tty
    local keys
    keys=$(for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13; do printf '\n'; done; printf 'r\n%.0s' {1..100}; printf 'c\n')
    printf '%s\n' "$keys" >keys
    call -any script -qec "$MC run --step -- cat /etc/passwd" /dev/null <keys
    assert "$output" contains root:x:0:0:root:/root
}

@test "help, look and the doctor work where no container can: no number, no close_range, hidepid" {
    requires userns
    local words
    build_deny
    for words in --help look "source uts"; do
        # shellcheck disable=SC2086  # words
        call unshare --user "$MC" $words
        # shellcheck disable=SC2086  # words
        call ./deny close_range:EPERM -- "$MC" $words
    done
    call -any ./deny close_range:EPERM -- "$MC" doctor
    assert "$output" has-line $'Lessons that work here: none'
    call -125 ./deny close_range:EPERM -- "$MC" run -- true
    assert "$stderr" contains SYS_close_range
    if [ "$(id -u)" = 0 ]; then
        # shellcheck disable=SC2016  # sh shall expand it
        call unshare --pid --fork --mount sh -c 'mount -t proc -o hidepid=1 proc /proc
            exec setpriv --reuid=65534 --regid=65534 --clear-groups "$1" look' sh "$MC"
        assert "$output" contains uts
    fi
}
