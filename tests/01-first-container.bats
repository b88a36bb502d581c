# 01-first-container.bats -- what every container is, whatever isolations are on: a child with a
# clean start, a supervisor that answers for it, exec failures that explain themselves, and the
# second window.

# shellcheck disable=SC2086  # $set and $way are words

load helpers

ids='for n in cgroup ipc mnt net pid time user uts; do readlink /proc/self/ns/$n; done'

# The ways a command is started: below our init, as PID 1, below an init that is not PID 1, with
# nothing isolated at all.
ways=('' --no-init --no-pid --none)

# A container in the background, until it has said something into the file "up". $outer is the
# PID of its supervisor.
teardown() { kill_left; }
start() { # ARG...
    rm -f up
    (
        remember_session
        exec setsid ${MC_AS[@]+"${MC_AS[@]}"} "$MC" "$@"
    ) >up 2>err 3>&- 4>&- &
    outer=$!
    wait_for '[ -s up ]'
}

stop() { # [SIGNAL]: a command that is PID 1 is deaf to TERM
    kill -s "${1-TERM}" "$outer" 2>/dev/null || true
    wait "$outer" || true
    no_process_left
}

@test "without isolations a child is in all our namespaces, with them in none" {
    requires userns
    local here
    here=$(eval "$ids")
    mc run --none -- sh -c "$ids"
    assert "$output" == "$here" "a plain child shares everything"
    mc run -- sh -c "$ids"
    local n
    for n in "${!lines[@]}"; do
        assert "$here" no-line "${lines[n]}"
    done
    assert "${#lines[@]}" -eq 8
    mc run --no-cgroup -- sh -c "$ids"
    assert "$here" has-line "${lines[0]}" "cgroup was switched off"
    assert "$here" no-line "${lines[1]}" "ipc was not"
}

@test "the exit status is the command's, or 128 and the number of its signal" {
    local way code sig
    for code in 0 125 255; do
        mc -any run -- sh -c "exit $code"
        assert "$status" -eq "$code"
    done
    for way in "${ways[@]}"; do
        mc -7 run $way -- sh -c "exit 7"
    done
    # PID 1 cannot be ended by a signal of its own making, so not as PID 1.
    for way in '' --no-pid --none; do
        for sig in 9 15; do
            mc -any run $way -- sh -c "kill -$sig \$\$"
            assert "$status" -eq $((128 + sig)) "run $way"
        done
    done
}

@test "the supervisor passes TERM and USR1 on, and answers with the status" {
    requires userns
    local sig way
    for way in "${ways[@]}"; do
        for sig in TERM USR1; do
            start run $way -- sh -c "trap 'exit 9' $sig; echo up; while :; do sleep 0.05; done"
            kill -s "$sig" "$outer"
            status=0
            wait_for '! kill -0 "$outer"' 5 || kill -9 "$outer"
            wait "$outer" || status=$?
            assert "$status" -eq 9 "run $way, SIG$sig"
        done
    done
}

@test "a supervisor that is killed takes the container with it" {
    requires userns
    local way
    for way in "${ways[@]}"; do
        start run $way -- sh -c 'echo up; sleep 300 & sleep 300; echo never'
        kill -9 "$outer"
        wait "$outer" || true
        no_process_left
    done
}

@test "125 is ours: it says so on stderr, and nothing on stdout" {
    mc -125 run --flurb -- true
    assert "$stderr" starts "minicontainer: "
    assert "$stderr" contains "--flurb"
    assert "$output" == ""
    mc -125 flurb
    assert "$stderr" contains "flurb"
}

@test "127: what is not found, and in which root" {
    requires userns
    mc -127 run -- no-such-command
    assert "$stderr" contains "no-such-command"
    assert "$stderr" contains "container's root"
    mc -127 run -- /no/such/path
    assert "$stderr" contains "/no/such/path"
    mc -127 run --none -- ./nothing-here
    assert "$stderr" contains "./nothing-here"
    assert "$stderr" lacks "container's root"
    mkdir -p image/bin image/proc image/sys image/dev
    mc -127 run --image ./image -- sh
    assert "$stderr" contains "sh: "
    assert "$stderr" contains "image"
    # Who writes the name of an image learns what the first word is.
    mc -127 run ubuntu bash
    assert "$stderr" contains "ubuntu"
    assert "$stderr" contains "--image"
}

@test "126: what is there, but cannot be executed" {
    mkdir directory
    echo "not a program" >plain
    printf '\177ELF: no program' >broken
    chmod 0755 broken
    mc -126 run --none -- ./directory
    assert "$stderr" contains "./directory"
    mc -126 run --none -- ./plain
    assert "$stderr" contains "EACCES"
    # Where a shell is, what the kernel cannot load is its script, as execvp(3) does it (next test).
    mkdir -p image/bin
    cp broken image/bin
    mc -126 run --image ./image -- broken
    assert "$stderr" contains "/bin/broken"
    assert "$stderr" contains "#!"
    # Found in PATH, but not executable: not "not found".
    mc -126 run --none --env "PATH=$PWD" -- plain
    assert "$stderr" contains "EACCES"
}

@test "a file without a first line #! is a script of sh" {
    echo 'echo "$# $1"; exit 7' >script
    chmod 0755 script
    local way
    for way in --none '--only user'; do
        mc -7 run $way -- ./script 'a  b'
        assert "$output" == "1 a  b" "run $way"
    done
    mc -7 run --none --env "PATH=$PWD:/usr/bin:/bin" -- script 'a  b'
    assert "$output" == "1 a  b" "found in PATH"
}

@test "exec failures name the interpreter that is missing, and say so of the loader" {
    requires userns
    printf '#! /no/such/interpreter -x\n' >script
    chmod 0755 script
    mc -127 run --none -- ./script
    assert "$stderr" contains "./script is there"
    assert "$stderr" contains "/no/such/interpreter"
    assert "$stderr" lacks "-x"
    assert "$stderr" contains "  cure:   see lessons/06-root"
    # Written in Windows: what the line names ends with a carriage return.
    printf '#!/bin/sh\r\n' >windows
    chmod 0755 windows
    mc -127 run --none -- ./windows
    assert "$stderr" contains "(/bin/sh?)"
    assert "$stderr" contains "  cure:   sed -i 's/\r\$//' FILE"
    # A dynamic program alone in an image: its loader is not there.
    mkdir -p image/bin image/proc image/sys image/dev
    cp "$(readlink -f /bin/sh)" image/bin/sh
    mc -127 run --image ./image -- /bin/sh
    assert "$stderr" contains "/bin/sh is there"
    assert "$stderr" contains "what must load it"
    assert "$stderr" contains ldd "how to find its name"
    assert "$stderr" contains "image"
}

@test "the environment is a fresh one" {
    local name value
    export TOKEN=secret LD_LIBRARY_PATH=/tmp BASH_ENV=/tmp/x PATH=$PATH:/from/outside LANG=C.UTF-8
    export LC_TIME=C TERM=vt100
    mc run -- /usr/bin/env
    for name in "${lines[@]}"; do
        case ${name%%=*} in
        PATH | HOME | TERM | LANG | LC_* | container | HOSTNAME | PS1 | NO_COLOR) ;;
        *) fail "in the environment: $name" ;;
        esac
    done
    for value in container=minicontainer HOSTNAME=box HOME=/root TERM=vt100 LANG=C.UTF-8 \
        LC_TIME=C; do
        assert "$output" has-line "$value"
    done
    assert "$output" lacks /from/outside
    mc run --none -- /usr/bin/env
    assert "$output" lacks TOKEN
    assert "$output" has-line container=minicontainer
}

@test "--env adds, replaces, may be empty, and wants NAME=VALUE" {
    mc run --env A=1 -e B= --env=C=x=y -e HOME=/tmp -e A=2 -- /usr/bin/env
    assert "$output" has-line A=2
    assert "$output" no-line A=1
    assert "$output" has-line B=
    assert "$output" has-line C=x=y
    assert "$output" has-line HOME=/tmp
    assert "$output" no-line HOME=/root
    local word
    for word in A =1 ''; do
        mc -125 run --env "$word" -- true
        assert "$stderr" contains "NAME=VALUE"
    done
    mc -125 run --env
}

@test "no descriptor above 2 is inherited" {
    local way
    exec 7</ 8>"$BATS_TEST_TMPDIR/written" 9<&0
    for way in "${ways[@]}"; do
        # The shell itself opens one for the directory that ls(1) reads: 3.
        mc run $way -- sh -c 'ls /proc/self/fd | tr "\n" " "'
        assert "$output" == "0 1 2 3 " "run $way"
        mc -any run $way -- cat "/proc/self/fd/7$PWD/written"
        assert "$status" -ne 0 "run $way: descriptor 7 leads out"
    done
    exec 7<&- 8>&- 9<&-
}

@test "an init of ours keeps nothing that leads out" {
    requires user userns
    # That of an ordinary user's lab can be looked into: who is root there, is the same user.
    exec 17</
    as_user mc lab sh -c 'for fd in /proc/1/fd/*; do
        if [ "${fd##*/}" -gt 2 ]; then readlink "$fd"; fi; done'
    exec 17<&-
    # The two pipes, whose turn it is, signals.
    assert "${#lines[@]}" -ge 3
    assert "$(grep -vE '^(pipe:\[[0-9]+\]|anon_inode:\[signalfd\])$' <<<"$output")" == ""
}

@test "an init keeps no more where pid is off, beside a volume, and in a second window" {
    requires root userns
    local init options window
    for options in "run --no-pid" "run -v $PWD:/mnt" lab; do
        # shellcheck disable=SC2086  # words
        start $options -- sh -c 'echo up; exec sleep 300'
        init=$(pgrep -P "$outer")
        for init in "$init" second; do
            if [ "$init" = second ]; then
                ( remember_session; exec "$MC" exec "$outer" -- sleep 200 ) </dev/null >/dev/null 2>&1 3>&- 4>&- &
                window=$!
                # shellcheck disable=SC2016  # wait_for evaluates it
                wait_for '[ "$(cat "/proc/$(pgrep -P "$(pgrep -P "$window")")/comm")" = sleep ]'
                init=$(pgrep -P "$window")
            fi
            # shellcheck disable=SC2012  # names of the kernel's
            ls -l "/proc/$init/fd" | sed -nE 's/.* ([0-9]+) -> (.*)/\1 \2/p' | awk '$1 > 2' >held
            cat held
            assert "$(grep -cvE ' (pipe:\[[0-9]+\]|anon_inode:\[signalfd\]|/proc/[0-9]+/task/[0-9]+/children)$' held)" == 0 \
                "$options"
        done
        kill "$window"
        wait "$window" || true
        stop KILL
    done
}

@test "no signal is blocked or ignored, and no umask is inherited" {
    call env --block-signal=TERM true || skip "env(1) has no --block-signal"
    local way
    umask 077
    trap '' INT QUIT USR2 # what a shell ignores, its children ignore
    for way in "${ways[@]}"; do
        call env --block-signal=TERM,USR1 --ignore-signal=HUP,PIPE "$MC" run $way -- \
            sh -c 'grep -E "Sig(Blk|Ign)" /proc/self/status; umask'
        assert "$output" =~ $'SigBlk:\t0000000000000000' "run $way"
        assert "$output" =~ $'SigIgn:\t0000000000000000' "run $way"
        assert "${lines[2]}" == 0022 "run $way"
    done
    trap - INT QUIT USR2
    umask 022
}

@test "an ignored SIGCHLD does not keep the supervisor waiting" {
    call -3 env --ignore-signal=CHLD "$MC" run -- sh -c 'exit 3'
}

@test "no_new_privs is set, so a setuid program gives no rights" {
    local way
    for way in "${ways[@]}"; do
        mc run $way -- grep NoNewPrivs /proc/self/status
        assert "$output" == $'NoNewPrivs:\t1' "run $way"
    done
}

@test "the session keyring is a new one" {
    requires perl
    local number
    case $(uname -m) in
    x86_64) number=250 ;;
    aarch64) number=219 ;;
    *) skip "the number of keyctl(2) is not known here" ;;
    esac
    # KEYCTL_GET_KEYRING_ID (0) of the session keyring (-3), making none (0).
    local ask="print syscall($number, 0, -3, 0)" here
    here=$(perl -e "$ask")
    if [ "$here" -lt 0 ]; then skip "no keyrings on this kernel"; fi
    assert "$(perl -e "$ask")" == "$here" "an ordinary child shares it"
    mc run --none -- perl -e "$ask"
    assert "$output" != "$here"
    assert "$output" -gt 0
}

@test "--init: PID 1 is an init that reaps orphans, the command is its child" {
    requires userns
    # An orphan: its parent ends before it does, so it falls to PID 1. Its number is in /tmp/it, and
    # it ends when somebody writes into /tmp/end.
    local orphan='mkfifo /tmp/end; (read x </tmp/end & echo $! >/tmp/it); it=$(cat /tmp/it)'
    mc run --init -- sh -c "echo \$\$; cat /proc/1/comm; $orphan
        echo >/tmp/end
        while [ -d /proc/\$it ]; do sleep 0.01; done; echo reaped"
    assert "${lines[0]}" -gt 1
    assert "${lines[1]}" == init
    assert "${lines[2]}" == reaped
    mc run -- sh -c 'cat /proc/1/comm'
    assert "$output" == init "it is the default"
    # With --no-init the command is PID 1. This one (timeout) knows nothing of the orphan that
    # falls to it, and nobody else may wait for it: it stays a zombie.
    mc run --no-init -- sh -c "$orphan; export it; exec timeout 100 sh -c '
        echo >/tmp/end
        until grep \"State:.Z\" /proc/\$it/status; do sleep 0.01; done'"
    assert "$output" =~ ^State:.Z
}

@test "the command's own options are its own; -- ends ours" {
    mc run --none sh -c 'echo "$@"' x --no-net --hostname y -e
    assert "$output" == "--no-net --hostname y -e"
    mc run --none -- echo --none -- -x
    assert "$output" == "--none -- -x"
    mc -127 run --none -- --no-net
    assert "$stderr" contains "--no-net"
}

@test "without a command: a shell, and its prompt says where one is" {
    mc -4 run <<<'echo $0; exit 4'
    assert "$output" =~ "^(bash|sh)$"
    requires tty
    pty -4 'minicontainer run' 'exit 4\n'
    assert "$output" contains "box# "
    pty -4 'minicontainer run --hostname tea' 'exit 4\n'
    assert "$output" contains "tea# "
}

@test "where there is no bash, the shell is sh" {
    requires busybox
    mkdir -p image/bin image/proc image/sys image/dev
    cp "$(command -v busybox)" image/bin/sh
    mc run --image ./image <<<'echo "I am $0, $$"'
    assert "$output" == "I am sh, 2"
    mc run --no-init --image ./image <<<'echo "I am $0, $$"'
    assert "$output" == "I am sh, 1"
}

@test "exec PID is a second window: same namespaces, same root, a clean start" {
    requires userns
    local theirs
    start run -- sh -c "$ids"'; echo hello >/tmp/here; echo done; sleep 300'
    wait_for 'grep -q done up'
    theirs=$(grep : up)
    export TOKEN=secret
    exec 7</
    mc exec "$outer" -- sh -c "$ids"
    assert "$output" == "$theirs"
    mc exec "$outer" -- cat /tmp/here
    assert "$output" == hello
    mc -7 exec "$outer" -- sh -c 'exit 7'
    mc exec "$outer" -- sh -c 'hostname; id -u; env; ls /proc/self/fd'
    assert "${lines[0]}" == box
    assert "${lines[1]}" == 0
    assert "$output" lacks TOKEN
    assert "$output" no-line 7
    mc -127 exec "$outer" -- no-such-command
    exec 7<&-
    stop
    mc -125 exec "$outer" -- true
    assert "$stderr" contains "no running container"
}

@test "a lab in a lab says so in its prompt" {
    mc lab sh -c 'echo "$PS1"; minicontainer lab sh -c "echo \"\$PS1\"; hostname"'
    assert "$output" == $'lab# \nlab-in-lab# \nlab-in-lab'
}

@test "exec lab is a second window into the lab; its end closes it" {
    requires userns
    start lab -- sh -c 'echo hi >/root/note; echo up; sleep 300'
    mc exec "$outer" -- sh -c 'hostname; cat ~/note; cat /proc/1/comm; pwd'
    assert "${lines[0]}" == lab
    assert "${lines[1]}" == hi
    assert "${lines[2]}" == lab
    stop
    # By its name: in a lab, where no other lab of this machine is in sight.
    mc lab sh -c 'minicontainer lab sleep 1000 &
        until minicontainer exec lab -- sh -c "hostname; cat /proc/1/comm" 2>/dev/null; do sleep 0.05; done
        kill $!; wait; minicontainer exec lab -- hostname; echo status $?'
    assert "$output" == $'lab-in-lab\nlab\nstatus 125'
    assert "$stderr" contains 'there is no running container "lab"'
}

# What a process may do: its sets of capabilities, its filters, and whether unshare(2) is left.
may="sed -nE 's/^(Cap...|Seccomp.*|NoNewPrivs):[[:blank:]]*/\1 /p' /proc/self/status
    unshare --user true 2>/dev/null && echo unshare; unshare --uts true 2>/dev/null && echo uts; :"

@test "exec PID: no more rights than the container has, and no less" {
    requires userns
    local who options theirs
    for who in $(people); do
        while IFS= read -r options; do
            if [ "$options" = "run --no-user" ] && [ "$($who id -u)" != 0 ]; then continue; fi
            rm -f up
            # shellcheck disable=SC2086  # words
            $who start $options -- sh -c "$may; echo done; sleep 300"
            wait_for 'grep -q done up'
            theirs=$(grep -v '^done' up)
            assert "$theirs" contains CapBnd
            # Which calls --cap-add ALL leaves open cannot be seen from outside: so none here.
            if [ "$options" = "run --cap-add ALL" ]; then theirs=${theirs%%$'\n'unshare*}; fi
            $who mc exec "$outer" -- sh -c "$may"
            assert "$output" == "$theirs" "$who $options"
            stop KILL
        done <<'OPTIONS'
run
run --no-init
run --no-caps
run --no-seccomp
run --privileged
run --cap-add SYS_ADMIN --cap-drop CHOWN
run --cap-add ALL
run --cap-drop ALL
run --no-user
run --no-pid --cap-drop chown
run --only user,pid,mnt
run --only user,pid,mnt,caps
run --only user,seccomp
lab
OPTIONS
    done
}

@test "exec PID: in a lab, of root and of an ordinary user" {
    requires userns
    local who
    for who in $(people); do
        $who mc lab sh -c 'minicontainer run -- sh -c "echo up; exec sleep 300" >up & outer=$!
            until [ -s up ]; do sleep 0.1; done
            minicontainer exec $outer -- sh -c "hostname; id -u; grep -c . /proc/1/comm"'
        assert "$output" == $'box\n0\n1' "$who"
    done
}

@test "exec PID: in the cgroup of the container, under its limits" {
    requires userns limits
    local theirs
    start run --pids-limit 20 --no-cgroup --no-proc -- sh -c 'cat /proc/self/cgroup; echo done; sleep 300'
    wait_for 'grep -q done up'
    theirs=$(grep '^0::' up)
    assert "$theirs" =~ '/minicontainer-[0-9]+/box$'
    mc exec "$outer" -- grep '^0::' /proc/self/cgroup
    assert "$output" == "$theirs"
    mc -any exec "$outer" -- sh -c 'i=0; while [ $i -lt 30 ]; do sleep 9 & i=$((i + 1)); done'
    assert "$stderr" =~ "[Cc]annot fork|fork: "
    stop
    no_process_left
}

@test "the machine is as it was, after success and after each kind of failure" {
    local before
    before=$(fingerprint)
    mc run -- true
    mc -any run -- false
    mc -127 run -- no-such-command
    mc -125 run --flurb
    mc -125 run --workdir /nowhere -- true
    mc run --no-init -- true
    mc run --none -- true
    assert "$(fingerprint)" == "$before"
}

@test "exec NAME, by root: who calls itself lab, and is another user's, is not entered" {
    requires root userns hostname
    cp "$(command -v sleep)" lab
    chmod 0755 . lab
    # In a PID namespace: there no other lab of this machine is in sight. Its parent is root's, as
    # that of a process is whose own parent has ended. By its number root may enter it.
    # shellcheck disable=SC2016
    call unshare --pid --fork --mount-proc --kill-child sh -c '
        setpriv --reuid=65534 --regid=65534 --clear-groups unshare --user --map-root-user --uts \
            sh -c "hostname trap; exec ./lab 1000" &
        until [ "$(cat /proc/$!/comm)" = lab ]; do sleep 0.05; done
        "$1" exec lab -- hostname; echo status $?
        "$1" exec $! -- hostname' sh "$MC"
    assert "$output" == $'status 125\ntrap'
    assert "$stderr" contains 'there is no running container "lab"'
}
