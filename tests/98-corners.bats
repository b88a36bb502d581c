# 98-corners.bats -- corners where a careful reader found a hole: each was one, once.

load helpers

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
    local pid inner
    setsid "$MC" run -- setpriv --pdeathsig clear sleep 1000 &
    pid=$!
    wait_for "pgrep -P $pid -x sleep >pid"
    inner=$(<pid)
    kill -KILL "$pid"
    wait_for "! kill -0 $inner || grep -q '^State:.Z' /proc/$inner/status"
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
    assert "$stderr" contains "--read-only belongs to the isolation root"
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
    setsid "$MC" run --no-pid -- sleep 1000 &
    pid=$!
    wait_for "pgrep -P $pid >inner && pgrep -P \$(<inner) -x sleep >process"
    mc exec "$(<process)" -- sh -c 'sleep 1001 & echo $!'
    wait_for "! kill -0 $output || grep -q '^State:.Z' /proc/$output/status"
    kill -KILL "$pid"
    wait_for "! kill -0 $(<process) || grep -q '^State:.Z' /proc/$(<process)/status"
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
