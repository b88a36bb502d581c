# 13-seccomp.bats -- which system calls exist. What a call is answered is asked by calls.c, which
# makes none of them: see there how.

# shellcheck disable=SC2086,SC2016  # $set is words; `run` is said so

load helpers
load calls

setup_file() {
    build_calls
    "${CC:-cc}" -w -o "$BATS_FILE_TMPDIR/dump" "$BATS_TEST_DIRNAME/bench/dump.c" || true
}

# The calls of denied[] in the C file: "number<tab>capability or -<tab>errno, or 0 for allowed<tab>some
# or all", a line each.
table() { "$BATS_FILE_TMPDIR/dump" calls; }

# cheap ROWS: in file "filter", no open call runs more than one instruction a row of the table, and
# a few: which family, which number, and for three of the rows a look at an argument.
cheap() {
    assert "$(awk -F'\t' '$4 == "open" && $3 > n { n = $3 } END { print n }' filter)" -le $(($1 + 16))
}

# What a machine around us (Docker's filter, say) forbids is not ours to judge.
requires_open_machine() {
    if tools/calls all | grep -qv $'\topen$'; then skip "something else filters calls here"; fi
}

@test "without it a user namespace is made, with it the call is refused" {
    requires userns
    mc lab -- minicontainer run --only none -- unshare --user id -u
    assert "$output" == 65534
    mc -any lab -- minicontainer run --only seccomp -- unshare --user id -u
    assert "$status" -ne 0
    assert "$output" == ""
    assert "$stderr" contains "Operation not permitted"
}

@test "one filter with it, none without" {
    requires userns
    local who set ask='grep -E "^(Seccomp|NoNewPrivs)" /proc/self/status'
    for who in $(people); do
        for set in "" --seccomp --init "--only user,seccomp" --no-caps; do
            $who mc run $set -- sh -c "$ask"
            assert "$output" has-line $'Seccomp:\t2' "$who, run $set"
            assert "$output" has-line $'NoNewPrivs:\t1' "$who, run $set"
            if [[ $output == *filters* ]]; then
                assert "$output" has-line $'Seccomp_filters:\t1' "$who, run $set"
            fi
        done
        for set in --no-seccomp --privileged "--security-opt seccomp=unconfined" "--only user"; do
            $who mc run $set -- sh -c "$ask"
            assert "$output" has-line $'Seccomp:\t0' "$who, run $set"
        done
        $who mc lab -- sh -c "$ask"
        assert "$output" has-line $'Seccomp:\t0' "$who, lab"
    done
    # The row is free: it needs no user namespace, and no privilege.
    as_user mc run --only seccomp -- sh -c "$ask"
    assert "$output" has-line $'Seccomp:\t2'
}

@test "each call of the table is refused, with its errno, and the others are open" {
    need_calls
    requires_open_machine
    local who set
    tools/calls list | cut -f1,3 | sort >refused
    assert "$(wc -l <refused)" -ge 60
    for who in $(people); do
        for set in "" --no-caps --init; do
            $who in_box $set -- all
            grep -v $'\topen$' <<<"$output" | sort >found
            assert "$(diff refused found)" == "" "$who, run $set"
            assert "$(grep -c $'\topen$' <<<"$output")" -ge 40 "$who, run $set"
        done
        # The control: without the row all are open, in a lab and in a container.
        $who in_box --no-seccomp -- all
        assert "$(grep -v $'\topen$' <<<"$output")" == "" "$who, run --no-seccomp"
    done
    mc lab -- sh -c 'cat >calls && chmod +x calls && ./calls all' <tools/calls
    assert "$(grep -c $'\topen$' <<<"$output")" -ge 100 "lab"
    assert "$(grep -v $'\topen$' <<<"$output")" == "" "lab"
}

@test "this file and the C file have the same list, with the same errno" {
    need_calls
    assert "$(table | wc -l)" -ge 60
    # One call of several rows (ioctl) is one line.
    table | awk -F'\t' '$3 != "0" { print $1, toupper($2), $3 }' | sort -u >denied
    tools/calls list | awk -F'\t' '{ print $4, $2, $3 }' | sort -u >expected
    assert "$(diff expected denied)" == ""
    # Each row says why: behind it, or above it.
    sed -n '/^} denied\[\] = {/,/^};/p' "$TOP/minicontainer.c" >source
    assert "$(grep -cE '^    (NO\(|[{] )' source)" -ge 25
    assert "$(awk '/^    (NO\(|[{] )/ && !/\*\/$/ && last !~ /^ +(\/\*|\*) .*\*\/$/; { last = $0 }' source)" == ""
}

@test "--cap-add opens the calls of that capability, and no others" {
    need_calls
    requires_open_machine
    local cap
    tools/calls list | cut -f2 | grep -v '^-$' | sort -u >caps
    assert "$(wc -l <caps)" -ge 9
    while read -r cap; do
        in_box --cap-add "$cap" -- all
        grep -v $'\topen$' <<<"$output" | sort >found
        tools/calls list | awk -F'\t' -v c="$cap" '$2 != c { print $1 "\t" $3 }' | sort >refused
        assert "$(diff refused found)" == "" "--cap-add $cap"
    done <caps
    in_box --cap-add ALL -- all
    tools/calls list | awk -F'\t' '$2 == "-" { print $1 "\t" $3 }' | sort >refused
    assert "$(diff refused <(grep -v $'\topen$' <<<"$output" | sort))" == "" "--cap-add ALL"
    # A capability that goes closes nothing more, and one that is kept opens nothing.
    in_box --cap-drop ALL --cap-add chown -- all
    assert "$(grep -vc $'\topen$' <<<"$output")" -eq "$(tools/calls list | wc -l)"
}

@test "--cap-add SYS_ADMIN opens mount, two walls at once" {
    requires userns
    local command='mkdir /tmp/m && mount -t tmpfs none /tmp/m && grep -c " /tmp/m " /proc/mounts'
    local set
    for set in "" --no-caps --no-seccomp; do
        mc -any run $set -- sh -c "$command"
        assert "$status" -ne 0 "run $set"
        assert "$output" == "" "run $set"
    done
    for set in "--cap-add SYS_ADMIN" --privileged "--no-caps --no-seccomp"; do
        mc run $set -- sh -c "$command"
        assert "$output" == 1 "run $set"
    done
}

@test "nothing is typed into the caller's terminal" {
    need_calls
    requires tty
    local who door
    for who in $(people); do
        $who pty "minicontainer run -v '$PWD/tools:/mnt:ro' -- /mnt/calls tty"
        for door in TIOCSTI "TIOCSTI high" TIOCLINUX "TIOCLINUX high"; do
            assert "$output" has-line "$door"$'\tEPERM' "$who"
        done
        assert "$output" lacks Q "$who: what would have been typed"
    done
    # The control: without the filter the terminal itself answers, each in its own way.
    pty "minicontainer run --no-seccomp -v '$PWD/tools:/mnt:ro' -- /mnt/calls tty"
    assert "$output" no-line $'TIOCLINUX\tEPERM'
    assert "$output" contains $'TIOCLINUX\t'
    # Where the kernel still does it (dev.tty.legacy_tiocsti), the letter really appears.
    if [[ $output == *$'TIOCSTI\tok'* ]]; then assert "$output" contains Q; fi
}

@test "threads and children are made without clone3" {
    need_calls
    local who
    for who in $(people); do
        $who in_box -- children
        assert "$output" == $'thread ok\nfork ok\nspawn ok' "$who"
    done
}

@test "what people use works: a pipe, a thread in another language, a job" {
    requires userns
    mc run -- sh -c 'seq 1000 | sort -n | tail -n 1; (exit 3) & wait $! || echo $?'
    assert "$output" == $'1000\n3'
    if command -v python3 >/dev/null; then
        mc run -- python3 -c 'import threading, subprocess
t = threading.Thread(target=lambda: print("in a thread", flush=True)); t.start(); t.join()
print(subprocess.check_output(["echo", "a child"], text=True), end="")'
        assert "$output" == $'in a thread\na child'
    fi
    if command -v perl >/dev/null; then
        mc run -- perl -e 'print fork() ? (wait, "parent\n")[1] : ""'
        assert "$output" == parent
    fi
}

@test "the door of 32-bit programs is shut: SIGSYS ends who tries it" {
    need_calls
    in_box --no-seccomp -- int80 || skip "this kernel has no such door"
    if [ "$output" != works ]; then skip "this kernel has no such door"; fi
    local who set
    for who in $(people); do
        for set in "" --init; do
            MC_WANT=-159 $who in_box $set -- int80
            assert "$output" == "" "$who, run $set"
        done
    done
}

# filter_of OPTION...: run a container, and the filter that it has in file "filter".
filter_of() {
    local outer inner
    rm -f up
    (
        remember_session
        exec setsid "$MC" run -v "$PWD/tools:/mnt:ro" "$@" -- /mnt/calls hold
    ) >up 2>&1 3>&- 4>&- &
    outer=$!
    wait_for 'grep -qs ready up'
    inner=$(cat "/proc/$outer/task/$outer/children")
    call tools/calls filter "${inner%% *}"
    kill -9 "$outer"
    wait "$outer" || true
    printf '%s\n' "$output" >filter
}

@test "the filter itself, run for every number: what it answers, and what that costs" {
    requires root
    need_calls
    filter_of
    # The calls of the list, as above, but without making them.
    awk -F'\t' '$1 == "call" && $4 != "open" { print $5 "\t" $4 }' filter | sort >found
    assert "$(diff <(tools/calls list | cut -f1,3 | sort) found)" == ""
    # Numbers that nobody has named are open.
    assert "$(awk -F'\t' '$1 == "own" && $4 == "open"' filter | wc -l)" -ge 900
    cheap "$(table | wc -l)"
    # x32, and the number -1, do not exist; the other family ends the program.
    assert "$(awk -F'\t' '$1 == "x32" { print $4 }' filter | sort -u)" == ENOSYS
    assert "$(awk -F'\t' '$1 == "x32"' filter | wc -l)" -ge 1024
    assert "$(awk -F'\t' '$1 == "other" { print $4 }' filter | sort -u)" == kill
    # One filter, and not two.
    assert "$(grep -c '^filter' filter)" -eq 1
}

@test "the filter with few rows left, and with all of --cap-add, is sound too" {
    requires root
    need_calls
    local cap
    for cap in ALL SYS_ADMIN SYS_NICE; do
        filter_of --cap-add "$cap"
        awk -F'\t' '$1 == "call" && $4 != "open" { print $5 "\t" $4 }' filter | sort >found
        tools/calls list | awk -F'\t' -v c="$cap" \
            '$2 == "-" || (c != "ALL" && $2 != c) { print $1 "\t" $3 }' | sort >refused
        assert "$(diff refused found)" == "" "--cap-add $cap"
        cheap "$(table | wc -l)"
    done
}

# As in a person's first window: a container that waits, then ./calls in a second one.
second_window() {
    rm -f up
    (
        remember_session
        exec setsid ${MC_AS[@]+"${MC_AS[@]}"} "$MC" run -v "$PWD/tools:/mnt:ro" -- \
            sh -c 'echo up; exec sleep 300'
    ) >up 2>&1 3>&- 4>&- &
    local outer=$!
    wait_for 'grep -qs up up'
    mc exec "$outer" -- /mnt/calls all
    kill -9 "$outer"
    wait "$outer" || true
}

@test "a second window has the same filter" {
    need_calls
    requires_open_machine
    local who
    for who in $(people); do
        $who second_window
        assert "$(grep -v $'\topen$' <<<"$output" | sort)" == \
            "$(tools/calls list | cut -f1,3 | sort)" "exec, $who"
    done
    no_process_left
}

@test "containers nest where that is asked for: a lab in a lab, and run in it" {
    requires userns
    mc lab -- minicontainer lab -- minicontainer run -- hostname
    assert "$output" == box
    # A container of run is a wall: none can be made in it, and it says why.
    mc -125 run -v "$MC_TREE:/mnt:ro" -- /mnt/minicontainer run -- true
    assert "$stderr" contains "ENOSYS"
    assert "$stderr" contains "  cause:  a seccomp filter"
    assert "$stderr" contains '`run`'
    mc run --privileged -v "$MC_TREE:/mnt:ro" -- /mnt/minicontainer run --only user -- id -u
    assert "$output" == 0
}

@test "--security-opt: Docker's words, and no others" {
    requires userns
    local word
    mc run --security-opt seccomp=unconfined -- unshare --user id -u
    assert "$output" == 65534
    mc -any run --security-opt no-new-privileges -- unshare --user id -u
    assert "$status" -ne 0
    # One of systempaths opens the masks (chapter 5), and nothing else.
    mc -any run --security-opt systempaths=unconfined -- unshare --user id -u
    assert "$status" -ne 0
    for word in seccomp=/etc/profile.json apparmor=unconfined label=disable nonsense ""; do
        mc -125 run --security-opt "$word" -- true
        assert "$stderr" contains "--security-opt"
        assert "$output" == ""
    done
    mc -125 run --security-opt
}

@test "look says it; compare shows it; --explain tells the call" {
    requires userns
    mc lab -- minicontainer run --only seccomp -- minicontainer look --porcelain
    assert "$output" has-line $'seccomp\t1\t1 filter'
    mc lab -- minicontainer look --porcelain
    assert "$output" has-line $'seccomp\t0\t0 filters'
    mc compare seccomp
    assert "$output" contains 65534
    assert "$output" contains "| unshare: "
    mc run --explain -- true
    assert "$stderr" =~ 'child  call  syscall\(SYS_seccomp, .*\) = 0'
    mc run --no-seccomp --explain -- true
    assert "$stderr" lacks SYS_seccomp
}
