# 03-pid.bats -- chapter 3: process numbers, and what is special about number 1.
#
# Who has no privilege gets it from the row user, so `--only user` is the control of `--only
# user,pid`. In a lab one is root and can leave user out.

load helpers
load session

machine() { readlink "/proc/self/ns/$1"; }

# The live processes whose command line holds MARK, a number that only this test uses.
marked() { grep -lz -- "^$1\$" /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n'; }
mark() { echo "9${BATS_TEST_NUMBER}${BATSPID:-$$}.${RANDOM}"; }

@test "control: without pid the namespace is the machine's, and so are the numbers" {
    local how
    for how in '--only user' '--no-pid' '--pid=host'; do
        # shellcheck disable=SC2086  # words
        mc run $how -- readlink /proc/self/ns/pid
        assert "$output" == "$(machine pid)" "$how"
        # shellcheck disable=SC2086
        mc run $how -- sh -c 'echo $$'
        assert "$output" -gt 1 "$how"
    done
}

@test "with pid the namespace is another, and who is born in it is number 1, without a parent" {
    local how want
    for how in '--only user,pid' '--no-proc --no-init' --no-init '--only user,pid --init' --no-proc ''; do
        # Our init, and so the command is its child, number 2; or the command itself.
        want="2 1"
        case $how in *--no-init | '--only user,pid') want="1 0" ;; esac
        # shellcheck disable=SC2086  # words
        mc run $how -- readlink /proc/self/ns/pid
        assert "$output" =~ '^pid:\[[0-9]+\]$' "$how"
        assert "$output" != "$(machine pid)" "$how"
        # shellcheck disable=SC2086
        mc run $how -- sh -c 'echo $$ $PPID'
        assert "$output" == "$want" "$how"
    done
    mc run --only user,pid -- readlink /proc/self/ns/{uts,mnt,ipc,net,cgroup,time}
    assert "$output" == "$(readlink /proc/self/ns/{uts,mnt,ipc,net,cgroup,time})"
}

@test "control: without pid a process of the lab can be named, and killed" {
    mc lab sh -c 'minicontainer run --only none -- kill -0 $(cat /run/victim.pid) && echo there
        minicontainer run --only none -- kill -9 $(cat /run/victim.pid)
        while grep -q "^State:.[SR]" /proc/$(cat /run/victim.pid)/status; do :; done 2>/dev/null
        echo gone'
    assert "$output" == $'there\ngone'
}

@test "with pid the number of a process outside does not exist" {
    mc lab sh -c 'v=$(cat /run/victim.pid)
        until grep -q victim /proc/$v/comm; do :; done
        minicontainer run --only pid -- sh -c "kill -0 $v || kill -9 $v || echo none"
        kill -0 $v && cat /proc/$v/comm'
    assert "$output" == $'none\nvictim'
    assert "$stderr" contains "No such process"
    # Nor from outside in by the inner number: 1 is another process there.
    mc run --only user,pid -- sh -c "kill -0 $$ || echo none"
    assert "$output" == none
    kill -0 $$
}

@test "one process has two numbers, in a lab of a lab three" {
    mc run --only user,pid -- grep NSpid /proc/self/status
    assert "$output" =~ $'^NSpid:\t[0-9]+(\t[0-9]+)*\t1$'
    mc lab minicontainer run --only pid -- grep NSpid /proc/self/status
    assert "$output" =~ $'^NSpid:\t[0-9]{4,}\t1$'
    mc lab minicontainer lab minicontainer run --only pid -- sh -c 'echo $$; true'
    assert "$output" == 1
    mc run -- grep NSpid /proc/self/status
    assert "$output" == $'NSpid:\t2' "a fresh /proc knows no numbers further out"
}

@test "the numbers begin anew in each container" {
    mc run -- sh -c 'sh -c "echo \$\$"; sh -c "echo \$\$"'
    assert "${lines[0]}" -lt 20
    mc lab sh -c 'echo $$; minicontainer run -- sh -c "echo \$\$"'
    assert "${lines[0]}" -ge 1000 "a lab's begin near 1000"
    assert "${lines[1]}" == 2 "our init is 1"
}

@test "PID 1 is deaf to what it has no handler for; without pid the same signals kill" {
    local sig how
    for sig in TERM HUP USR1 KILL; do # (sh handles INT by itself)
        mc run --no-init -- sh -c "kill -$sig \$\$; echo alive"
        assert "$output" == alive "$sig as PID 1"
        # Neither a child of our init nor a plain child is spared.
        for how in '' --no-pid '--only user'; do
            # shellcheck disable=SC2086  # words
            mc -any run $how -- sh -c "kill -$sig \$\$; echo alive"
            assert "$status" -eq $((128 + $(kill -l "$sig"))) "$sig, run $how"
            assert "$output" lacks alive
        done
    done
    mc run --no-init -- sh -c 'trap "echo heard" TERM; kill -TERM $$; echo alive'
    assert "$output" == $'heard\nalive'
}

# hear SIGNAL ARG...: `run ARG... -- sleep 100` in the background; when sleep runs, its supervisor
# (in $supervisor) gets SIGNAL. $sleeper is sleep's number outside.
hear() {
    local sig=$1 inner=
    shift
    (remember_session; exec setsid "$MC" run "$@" -- sleep 100) 2>err 3>&- 4>&- </dev/null &
    supervisor=$!
    wait_for 'inner=$(pgrep -nx sleep --session "$(tail -n 1 "$MC_STATE/sessions" | grep -o "^[0-9]*")")'
    sleeper=$inner
    kill -s "$sig" "$supervisor"
}
state_of() { sed -n 's/^State:.\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null; }
pending() { sed -n 's/^S[hi][dg]Pnd:.0*//p' "/proc/$1/status" | tr -d '\n'; }
teardown() {
    session_end
    kill_left
}

@test "a signal to the supervisor ends a command below our init, and is dropped by PID 1" {
    local how sig
    for how in '' --no-pid '--only user'; do
        for sig in TERM HUP; do
            # shellcheck disable=SC2086  # words
            hear "$sig" $how
            status=0
            wait "$supervisor" || status=$?
            assert "$status" -eq $((128 + $(kill -l "$sig"))) "run $how, $sig"
            assert "$(<err)" lacks lesson
            no_process_left
        done
    done
    for how in --no-init '--only user,pid'; do
        # shellcheck disable=SC2086
        hear TERM $how
        # It has been passed on when the next one has been fetched.
        wait_for '[ -z "$(pending "$supervisor")" ] && [ "$(state_of "$supervisor")" = S ]'
        assert "$(state_of "$sleeper")" == S "run $how: it is deaf, as in Docker"
        assert "$(state_of "$supervisor")" == S
        assert "$(pending "$sleeper")" == "" "it was dropped, and does not wait"
        # From outside SIGKILL is heard; the status says so.
        kill -KILL "$sleeper"
        status=0
        wait "$supervisor" || status=$?
        assert "$status" -eq 137 "run $how"
        no_process_left
    done
}

@test "^C on a PID 1 without a handler: a word, and the third ends it" {
    requires tty ps
    session_start
    session_prompt
    session_type 'minicontainer run --no-init -- sleep 100'
    # The keyboard is the container's when its command runs.
    wait_for 'pgrep -x sleep --session "$(tail -n 1 "$MC_STATE/sessions" | grep -o "^[0-9]*")" >pids'
    session_key '\003'
    session_wait 'PID 1.*has no handler'
    session_wait 'lesson[[:space:]]*03'
    assert "$(state_of "$(<pids)")" == S
    session_key '\003'
    session_wait '\^C 2 of 3'
    assert "$(state_of "$(<pids)")" == S
    session_key '\003'
    session_wait '\^C 3 of 3'
    session_type ''
    session_prompt
    assert "$prompt" == "$ "
    session_type 'echo status $?'
    session_prompt
    assert "$output" contains "status 137"
    session_end
    no_process_left
}

@test "when PID 1 ends, the kernel ends the rest; without pid the program does it" {
    local how mark
    for how in '' --no-init '--only user,pid' --no-pid '--only user' '--only user,pid --init'; do
        mark=$(mark)
        # shellcheck disable=SC2086  # words
        mc run $how -- sh -c "sleep $mark & setsid sleep $mark & (setsid sleep $mark &)
            echo started"
        assert "$output" == started "$how"
        wait_for "[ -z \"\$(marked $mark)\" ]"
    done
}

@test "an orphan becomes a child of PID 1" {
    local how
    for how in '' --no-init '--only user,pid,mnt,proc'; do
        # shellcheck disable=SC2086  # words
        mc run $how -- sh -c 'p=$(sh -c "sleep 100 >/dev/null & echo \$!")
            read -r x x x parent x </proc/$p/stat; echo "$parent"'
        assert "$output" == 1 "run $how"
    done
}

@test "init: number 1 is ours, hears signals for the command, passes the status on" {
    local sig how
    for how in '' --init '--only user,pid,mnt,proc --init'; do
        # shellcheck disable=SC2086  # words
        mc run $how -- sh -c 'echo $$ $PPID; until grep -x init /proc/1/comm; do :; done'
        assert "${lines[0]}" == "2 1"
        assert "${lines[1]}" == init
        # shellcheck disable=SC2086
        mc -7 run $how -- sh -c 'exit 7'
        for sig in TERM KILL; do # from inside, where without init nobody hears
            # shellcheck disable=SC2086
            mc -any run $how -- sh -c "kill -$sig \$\$"
            assert "$status" -eq $((128 + $(kill -l "$sig")))
        done
        # Number 1 itself is spared, and cannot be stopped.
        # shellcheck disable=SC2086
        mc run $how -- sh -c 'kill -KILL 1; kill -STOP 1; kill -TERM -1; :'
    done
    # With pid off an init is there as well, outside of the numbers.
    mc run --no-pid -- sh -c 'cat /proc/$PPID/comm'
    assert "$output" == init
    mc -125 run --no-pid --no-init -- true
    assert "$stderr" contains pid
}

@test "init: orphans are reaped" {
    mc run -- sh -c 'for i in 1 2 3 4 5; do sh -c "sleep 0.0$i &"; done
        # Till nobody but 1, this shell and what it starts is there.
        for i in 1 2 3 4 5 6 7 8 9; do
            set -- /proc/[0-9]*
            [ $# -le 2 ] && break
            sleep 0.1
        done
        echo $#; cat /proc/[0-9]*/stat | grep -c ") Z" || :'
    assert "$output" == $'2\n0'
}

@test "pid without proc: the old /proc shows the numbers outside" {
    mc run --only user,pid -- sh -c "ls -d /proc/$$; readlink /proc/self; echo \$\$"
    assert "${lines[0]}" == "/proc/$$"
    assert "${lines[1]}" != "${lines[2]}" "the own number here, and there"
    assert "${lines[2]}" == 1
    mc run --no-proc -- ls -d "/proc/$$"
    assert "$output" == "/proc/$$"
    mc -any run -- ls -d "/proc/$$"
    assert "$status" -ne 0 "control: with proc it is not there"
}

@test "containers do not see each other" {
    mkfifo ready end
    chmod 0666 ready end
    local inner rows=user,pid,mnt,proc
    exec {end}<>end # so that nobody waits for ever
    mc run --only $rows -- sh -c 'sleep 100 & echo $! >ready; read x <end' 3>&- 4>&- &
    read -rt 10 inner <>ready
    mc run --only $rows -- sh -c "echo /proc/[0-9]*; kill -0 $inner || echo none"
    echo >end
    wait
    exec {end}>&-
    assert "${lines[0]}" == /proc/1
    assert "$output" has-line none
}

@test "--explain: the flag of clone(2), the shell's words, and the number" {
    mc run --explain --only user,pid -- true
    assert "$stderr" contains 'CLONE_NEWPID'
    assert "$stderr" =~ 'child  shell unshare --pid'
    assert "$stderr" =~ 'child  now   pid: I am 1'
    mc run --explain --only user -- true
    assert "$stderr" lacks CLONE_NEWPID
}

@test "the machine's processes are all there afterwards" {
    local before pid
    as_user true # makes a directory
    sleep 100 3>&- 4>&- &
    pid=$!
    before=$(fingerprint)
    # Inside, nobody has this number; outside, it is a process of the same user.
    as_user mc run -- sh -c "kill -9 $pid; :"
    mc run --only user,pid -- sh -c "kill -9 $pid; :"
    mc lab sh -c "kill -9 $pid; kill -9 \$(cat /run/victim.pid)"
    assert "$(fingerprint)" == "$before"
    kill "$pid"
    wait "$pid" || status=$?
    assert "$status" -eq 143 "it was alive until now"
}
