# 97-helpers.bats -- the helpers themselves: what should fail does fail. A test suite that cannot
# fail proves nothing.

load helpers
load session

# fails COMMAND...: it must fail, and say TEXT (in $SAYS, if set).
fails() {
    local rc=0
    ( "$@" ) >said 2>&1 || rc=$?
    cat said
    assert "$rc" -ne 0 "must fail: $*"
    assert "$(<said)" contains "${SAYS-}"
}

@test "mc: status, output, and what it says when it fails" {
    requires userns
    mc run -- sh -c 'echo out; echo err >&2'
    assert "$output" == out
    assert "$stderr" has-line err
    assert "${lines[0]}" == out
    mc -3 run -- sh -c 'exit 3'
    mc -any run -- sh -c 'exit 4'
    assert "$status" -eq 4
    mc run -- cat <<<"from stdin"
    assert "$output" == "from stdin"
    SAYS='status: 3, expected: 0' fails mc run -- sh -c 'exit 3'
    SAYS='status: 0, expected: 125' fails mc -125 run -- true
    MC_TIMEOUT=1 SAYS='time limit' fails mc run -- sleep 20
}

@test "mc: a process that holds the output open does not hold the test" {
    # (Held, it would come back when the sleep is over, and then nobody is left to be found.)
    call sh -c 'sleep 1000 & echo $!'
    SAYS='sleep' fails no_process_left 2
    kill "$output"
    no_process_left
}

@test "assert: every operator, both ways" {
    assert a; assert a == a; assert a != b; assert abc =~ ^a.c$; assert abc !~ ^b
    assert abc contains b; assert abc lacks d; assert abc starts ab; assert abc ends bc
    assert $'a\nb' has-line b; assert $'a\nbc' no-line b
    assert 1 -eq 1; assert 1 -ne 2; assert 1 -lt 2; assert 1 -le 1; assert 2 -gt 1; assert 2 -ge 2
    fails assert ''; fails assert a == b; fails assert a != a; fails assert abc =~ ^b
    fails assert abc !~ ^a; fails assert abc contains d; fails assert abc lacks b
    fails assert abc starts b; fails assert abc ends b; fails assert abc has-line b
    fails assert $'a\nb' no-line b; fails assert 1 -eq 2; fails assert 1 -ne 1
    fails assert 1 -lt 1; fails assert 2 -le 1; fails assert 1 -gt 1; fails assert 1 -ge 2
    fails assert abc -eq 1
    fails assert '' -eq 0
    # A pattern in EXPECTED is a text.
    fails assert abc == 'a*'; fails assert abc contains 'a?c'
    SAYS='no such operator' fails assert a equals a
    SAYS='words for the reader' fails assert a == b "words for the reader"
    SAYS='actual:   a' fails assert a == b
    SAYS='expected: b' fails assert a == b
}

@test "requires: every word is probed, an unknown one fails, MC_MUST_RUN has its way" {
    local word rc
    for word in $REQUIRES_WORDS; do
        rc=0
        probe "$word" >/dev/null 2>&1 || rc=$?
        echo "$word: $rc"
        assert "$rc" -ne 77 "$word is a word"
    done
    SAYS='unknown word' fails requires flurb
    # "root" and "nonroot": one of them is not so, and only its own name makes that a failure.
    local missing=root
    if [ "$(id -u)" = 0 ]; then missing=nonroot; fi
    MC_MUST_RUN=$missing SAYS='MC_MUST_RUN says' fails requires "$missing"
    probe() { return 1; }
    MC_MUST_RUN=all SAYS='MC_MUST_RUN says' fails requires strace
    MC_MUST_RUN='perl,strace' SAYS='MC_MUST_RUN says' fails requires strace
    MC_MUST_RUN=perl must_run perl
    run ! env MC_MUST_RUN=perl bash -c 'true && false'
    MC_MUST_RUN=perl run ! must_run strace
    MC_MUST_RUN='' run ! must_run strace
    MC_MUST_RUN=all run ! must_run root
    MC_MUST_RUN=all run ! must_run limits
    MC_MUST_RUN=all must_run cgroup2
    MC_MUST_RUN=limits must_run limits
}

@test "as_user: an ordinary user, with files of their own" {
    requires user
    run -0 as_user id -u
    assert "$output" != 0
    as_user touch mine
    assert "$(stat -c %u mine)" == "$(as_user id -u)"
    as_user call sh -c 'test -w "$HOME" && id -u'
    assert "$output" != 0
    requires userns
    as_user mc run -- true
    as_user pty 'id -u'
    assert "$output" == "$(as_user id -u)"
}

@test "wait_for: waits, and gives up" {
    (sleep 0.3; touch there) 3>&- 4>&- &
    wait_for '[ -e there ]' 5
    SAYS='waited 1 s in vain' fails wait_for '[ -e nowhere ]' 1
}

@test "wait_for, session_wait, session_prompt: a clock that leaps is no time to wait" {
    requires tty
    session_start
    session_prompt
    # A clock of our own: each nap takes it a minute on, as when the machine stood still.
    unset EPOCHREALTIME
    EPOCHREALTIME=1000.000000
    nap() {
        EPOCHREALTIME=$((${EPOCHREALTIME%.*} + 60)).000000
        sleep 0.02
    }
    (sleep 0.3; touch there) 3>&- 4>&- &
    wait_for '[ -e there ]'
    session_type 'sleep 0.3; echo awa""ke'
    session_wait awake
    session_type 'sleep 0.3'
    session_prompt
    assert "$prompt" == '$ '
    SAYS='waited 1 s in vain' fails wait_for '[ -e nowhere ]' 1
    SAYS='waited in vain' fails session_wait never 1
    session_type 'sleep 5'
    SAYS=' (sleep) S ' fails session_prompt 1
}

@test "fingerprint: sees files, processes, queues, cgroups, mounts, names" {
    local before
    before=$(fingerprint)
    assert "$(fingerprint)" == "$before"
    touch new
    assert "$(fingerprint)" != "$before" "a file"
    rm new
    call sh -c 'sleep 20 >/dev/null 2>&1 & echo $!'
    assert "$(fingerprint)" contains "sleep"
    kill "$output"
    wait_for '[ "$(fingerprint)" = "$before" ]' 5
    requires userns ipcs
    # The kernel's objects are changed in namespaces of their own.
    export MC_STATE BATS_SUITE_TMPDIR
    export -f fingerprint cgroup_directories session_processes
    unshare -Urmuin bash -c '
        before=$(fingerprint)
        try() { local now; now=$(fingerprint); [ "$now" != "$before" ] || { echo "blind: $1"; exit 1; }
            before=$now; }
        [ "$(fingerprint)" = "$before" ] || { echo unstable; exit 1; }
        hostname other 2>/dev/null || echo other >/proc/sys/kernel/hostname; try hostname
        mount -t tmpfs none /mnt; try mount
        ipcmk -Q >/dev/null; try queue
        ip addr add 10.9.8.7/32 dev lo 2>/dev/null && try address
        exit 0'
}

@test "pty: a terminal, its size, its keys" {
    requires tty
    pty 'test -t 0 && test -t 1 && stty size'
    assert "$output" == "24 80"
    pty 'read x; echo "got $x"' 'hello\n'
    assert "$output" has-line "got hello"
    pty -7 'exit 7'
    SAYS='status: 7' fails pty 'exit 7'
}

@test "session: types, waits, and hangs up" {
    requires tty
    session_start
    session_prompt
    session_type 'echo "a $((1 + 1))"'
    session_prompt
    assert "$output" == "a 2"
    session_type 'sleep 100'
    session_wait 'sleep 100'
    wait_for 'session_processes "$MC_STATE/sessions" | grep -q sleep'
    session_key '\003'
    session_prompt
    session_type 'echo $?'
    session_prompt
    assert "$output" == 130
    session_type 'sleep 100 & cat'
    session_wait '\[1\] [0-9]+'
    SAYS='waited in vain' fails session_wait never 1
    session_end
    no_process_left
}

@test "the suite fails when a test leaves a process, or a file in /tmp" {
    local leak path
    mkdir -p suite/tests
    cp "$BATS_TEST_DIRNAME"/{helpers,setup_suite}.bash suite/tests/
    cp "$MC" suite/minicontainer
    touch -d '2000-01-01' suite/minicontainer.c
    # bats puts its own parts on the PATH of a test; a second bats must begin without them.
    path=$(tr : '\n' <<<"$PATH" | grep -vE 'libexec/|bats-run' | paste -sd:)
    leak=$(mktemp -u /tmp/minicontainer-leak.XXXXXX)
    nested() { # BODY: run a suite of one test
        printf 'load helpers\n@test "one" {\n%s\n}\n' "$1" >suite/tests/1.bats
        call -any env -i "PATH=$path" "HOME=$HOME" MC_SETTLE=1 bats suite/tests/1.bats
    }
    nested 'true'
    assert "$status" -eq 0 "a good suite passes"
    nested "call sh -c 'sleep 66 >/dev/null 2>&1 &'"
    assert "$status" -ne 0
    assert "$output$stderr" contains "left alive: sleep 66"
    assert "$output$stderr" =~ '\+[0-9]+ sleep'
    nested "touch $leak"
    rm "$leak"
    assert "$status" -ne 0
    assert "$output$stderr" contains "+$leak"
}
