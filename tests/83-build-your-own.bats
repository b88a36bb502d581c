# 83-build-your-own.bats -- lessons/build-your-own: both solutions do all steps; each step needs its
# code, and each classic mistake is told its sentence; a program that does nothing, hangs or destroys
# gets no point, and nothing of it is left.

load helpers

setup_file() {
    chmod 0755 "$BATS_FILE_TMPDIR"
    "${CC:-cc}" -O1 -o "$BATS_FILE_TMPDIR/solution" "$MC_TREE/lessons/build-your-own/solution.c" \
        >"$BATS_FILE_TMPDIR/log" 2>&1 || true
}

setup() {
    mc_setup
    BYO=$MC_TREE/lessons/build-your-own
    # How long a program may take. It never matters but to those that hang.
    export TEST_SECONDS=$MC_TIMEOUT
}

# byo [-RC] PROGRAM [STEP]: call ./test.
byo() {
    local want=-0
    case $1 in -[0-9]*) want=$1; shift ;; esac
    call "$want" "$BYO/test" "$@"
}

# solutions: the paths of both.
solutions() {
    requires userns cc perl ip hostname
    assert "$(ls "$BATS_FILE_TMPDIR/solution")" != "" "solution.c was built"
    programs=("$BATS_FILE_TMPDIR/solution" "$BYO/solution.sh")
}

# program NAME: writes ./NAME, a program of shell, from stdin.
program() {
    { echo '#!/bin/sh' && cat; } >"$1"
    chmod 755 "$1"
}

# told STEP TITLE SENTENCE: it failed in three lines, and what was seen is that.
told() {
    assert "$status" == 1
    assert "${lines[0]}" == "step $1, $2: not yet"
    assert "${lines[1]}" starts "  did:      "
    assert "${lines[2]}" starts "  seen:     "
    assert "${lines[3]}" starts "  expected: "
    assert "${lines[2]}" =~ "$3"
    assert "$stderr" == ""
}

# ---------------------------------------------------------------------------------------------
# The pages
# ---------------------------------------------------------------------------------------------

TITLES=(run hostname pid proc root user net clean rights limit layers cable)

@test "each step has a page of half a screen, which the README names, and says what counts" {
    local step page part
    cd "$BYO"
    for ((step = 1; step <= ${#TITLES[@]}; step++)); do
        page=$(printf '%02d-%s.md' "$step" "${TITLES[step - 1]}")
        assert "$(head -n 1 "$page")" starts "# $step ${TITLES[step - 1]}"
        assert "$(wc -l <"$page")" -le 12 "$page: lines"
        assert "$(awk 'length > n { n = length } END { print n }' "$page")" -le 80 "$page: columns"
        for part in 'Do' 'Counts' 'Man pages'; do
            assert "$(<"$page")" contains $'\n'"- **$part**: " "$page"
        done
        assert "$(<README.md)" contains "($page)"
    done
    assert "$(printf '%s\n' [0-9]*.md | wc -l)" -eq "${#TITLES[@]}" "no page more"
    assert "$(sed -n 's/^TITLES=(\(.*\))/\1/p' test)" == "${TITLES[*]}" "the test has these steps"
}

@test "links of the pages lead to files" {
    local page link
    cd "$BYO"
    for page in *.md; do
        while read -r link; do
            assert "$(ls "$link")" == "$link" "$page"
        done < <(grep -oE '\]\([^)#]+' "$page" | cut -c 3-)
    done
}

@test "--help fits 24 x 80; other words are refused" {
    call "$BYO/test" --help
    assert "${#lines[@]}" -le 24
    assert "$(awk 'length > n { n = length } END { print n }' <<<"$output")" -le 80
    assert "$output" contains "${TITLES[9]}"
    byo -2 /bin/true 13
    assert "$stderr" starts "Usage: "
    byo -2 ./nothing
    assert "$stderr" == "test: no program can be executed here: ./nothing"
    call -2 "$BYO/test"
}

@test "solution.c: below 200 lines, libc alone, no warning" {
    requires cc
    local compiler
    cd "$BYO"
    assert "$(wc -l <solution.c)" -lt 200
    for compiler in "${CC:-cc}" clang musl-gcc; do
        if ! type -P "$compiler" >/dev/null; then continue; fi
        call "$compiler" -std=c11 -O2 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror \
            -o "$BATS_TEST_TMPDIR/warned" solution.c
    done
}

# ---------------------------------------------------------------------------------------------
# Who does it all, and who does one less
# ---------------------------------------------------------------------------------------------

@test "both solutions do all ten steps and the bonus, and leave nothing" {
    local programs program before step wanted
    solutions
    # Step 6 makes a directory there, for a moment.
    mkdir -m 1777 tmp
    export TMPDIR=$PWD/tmp
    before=$(fingerprint)
    wanted=$(for step in 1 2 3 4 5 6 7 8 9 10; do echo "step $step, ${TITLES[step - 1]}: ok"; done)
    for program in "${programs[@]}"; do
        byo "$program"
        assert "$output" == "$wanted"$'\n'"All 10 steps work: that is a container. A bonus: steps 11 and 12."
        assert "$stderr" == ""
        byo "$program" 11
        assert "$output" =~ '^step 11, layers: (ok|skipped: )'
    done
    byo "$BYO/solution.sh" 12
    assert "$output" =~ '^step 12, cable: (ok|skipped: )'
    no_process_left
    assert "$(fingerprint)" == "$before"
}

# What the solution of the step before is told.
SENTENCES=([2]='shares the host name' [3]='has one number' [4]='has the mount table of the machine'
    [5]='/ of the command is another directory' [6]='it has ended: status .*Operation not permitted'
    [7]='has the interfaces and ports' [8]='SECRET=.* is in /proc/PID/environ'
    [9]='CapPrm .* has [0-9]* more: .*net_admin' [10]='101 processes')

@test "the solution of the step before fails, with the sentence of the step" {
    local programs program step who=self
    solutions
    for program in "${programs[@]}"; do
        for ((step = 2; step <= 10; step++)); do
            export STEPS=$((step - 1))
            $who byo -1 "$program" "$step"
            told "$step" "${TITLES[step - 1]}" "${SENTENCES[step]}"
        done
        who=as_user
    done
    # Without a number it goes on to there, and says how far it came.
    export STEPS=2
    byo -1 "${programs[0]}"
    assert "$output" starts $'step 1, run: ok\nstep 2, hostname: ok\nstep 3, pid: not yet\n'
    assert "$output" ends $'\nSteps that work: 2 of 10. Read 03-pid.md'
}

@test "a bonus needs its code, too" {
    local programs
    requires overlay bridge
    solutions
    printf 'unset LAYERS CABLE\nexec "%s" "$@"\n' "${programs[0]}" | program plain
    byo -1 "$PWD/plain" 11
    told 11 layers 'written in ROOT, too'
    byo -1 "$PWD/plain" 12
    told 12 cable 'no address 10.9.8.2'
}

# wrong STEP STEPS SED SENTENCE: solution.c, changed so and without the steps after STEPS, is told that.
wrong() {
    sed "$3" "$BYO/solution.c" >wrong.c
    assert "$(cmp wrong.c "$BYO/solution.c")" != "" "$3 changes nothing"
    call "${CC:-cc}" -w -O0 -o wrong wrong.c
    chmod 755 wrong
    STEPS=$2 byo -1 "$PWD/wrong" "$1"
    told "$1" "${TITLES[$1 - 1]}" "$4"
}

@test "the classic mistakes are told what they are" {
    local programs
    solutions
    wrong 1 1 's/128 + WTERMSIG/WTERMSIG/' 'status 9$'
    wrong 1 1 's/errno == ENOENT/0/' 'status 126, and: .*/no/such/program'
    TEST_SECONDS=1 wrong 1 1 's/kill(child, sig)/(void)sig/' 'nothing, for 1 seconds'
    wrong 2 2 '/sethostname/d' 'the host name inside is '
    wrong 2 2 's/CLONE_NEWUTS/0u/' 'outside, the host name is box-[0-9]* now'
    TEST_SECONDS=5 wrong 3 3 '/PR_SET_PDEATHSIG/d' 'outlived'
    wrong 4 4 '/MS_REC | MS_PRIVATE/d' 'a mount more: .* /proc '
    wrong 4 4 's/mount("proc", "\/proc".*), "proc");/0, "");/' 'is not number 1 of the container'
    wrong 5 5 's/syscall(SYS_pivot_root, ".", ".")/chroot(".")/; /umount2/d' 'climbs over chroot'
    wrong 5 5 '/umount2/d' 'the top of its mount table is not ROOT'
    wrong 5 7 '/SYS_close_range/d' 'descriptor 9 .* /.*/outside'
    wrong 8 8 '/umask(022)/d' 'Umask .* 0077'
    wrong 8 8 '/sigprocmask(SIG_SETMASK, &none/d' 'SigBlk .* 0*800$'
    wrong 8 8 's/signal(sig, SIG_DFL)/(void)sig/' 'SigIgn .* 0*[1-9]'
    wrong 8 8 '/setenv("PATH"/d' 'no PATH'
    wrong 9 9 '/PR_SET_NO_NEW_PRIVS/d' 'NoNewPrivs .* 0$'
    wrong 9 9 's/must(prctl(PR_CAPBSET_DROP, cap), "bounding set")/(void)0/' 'CapBnd .* has [0-9]* more: .*net_admin'
    wrong 10 10 's/= { 32, 32 }/= { 1, 1 }/' 'can make none|it has ended'
}

@test "step 6: without deny an ordinary user is refused, which is seen out of the arena alone" {
    local programs
    solutions
    if [ "$(</proc/self/setgroups)" = deny ]; then skip "setgroups(2) is denied here already"; fi
    wrong 6 6 '/"deny"/d' 'gid_map: Operation not permitted'
}

# ---------------------------------------------------------------------------------------------
# Who does nothing, and who does harm
# ---------------------------------------------------------------------------------------------

@test "a program that does nothing fails step 1" {
    requires userns
    program nothing <<<''
    byo -1 "$PWD/nothing"
    told 1 run 'status 0'
    assert "${lines[4]}" == "Steps that work: 0 of 10. Read 01-run.md"
    program nearly <<<'"$@"'
    byo -1 "$PWD/nearly" 1
    told 1 run 'status 143'
}

@test "a program that hangs, multiplies or destroys is ended, and harms nobody" {
    requires userns
    local before
    before=$(fingerprint)
    program hangs <<<'trap "" TERM INT HUP; while :; do sleep 1000; done'
    TEST_SECONDS=1 byo -1 "$PWD/hangs"
    told 1 run 'nothing, for 1 seconds; it was ended'
    program bomb <<<'f() { f | f & }; f; sleep 1000'
    TEST_SECONDS=1 byo -1 "$PWD/bomb" 1
    assert "${lines[0]}" == "step 1, run: not yet"
    program destroys <<'END'
kill -9 -1
kill -9 1
cat /dev/zero >"$ROOT/full"
mount -t tmpfs none /proc
mount -t tmpfs none /usr
printf '\033[2Jgone\n' >&2
exit 5
END
    byo -1 "$PWD/destroys" 6
    assert "$output$stderr" lacks $'\e'
    byo -1 "$PWD/destroys" 1
    assert "$output$stderr" lacks $'\e'
    no_process_left
    rm hangs bomb destroys
    assert "$(fingerprint)" == "$before"
}

@test "what was killed leaves nothing" {
    requires userns
    program hangs <<<'trap "" TERM; echo here >"$0.here"; exec sleep 1000'
    chmod 777 .
    : >hangs.here
    chmod 666 hangs.here
    (
        remember_session
        exec setsid -w "$BYO/test" "$PWD/hangs" 1
    ) >out 2>&1 3>&- 4>&- &
    wait_for '[ -s hangs.here ]'
    assert "$(session_processes "$MC_STATE/sessions")" contains " sleep"
    kill -KILL "$!"
    wait "$!" 2>/dev/null || true
    no_process_left
}

@test "where no namespace can be made, it says so, and the status is 2" {
    requires userns
    call -2 unshare --user --map-root-user sh -c \
        'echo 0 >/proc/sys/user/max_user_namespaces; exec "$1" /bin/true' sh "$BYO/test"
    assert "$stderr" contains "this machine makes no namespaces for us: unshare"
    assert "$stderr" contains "minicontainer run --privileged"
    assert "$output" == ""
}

@test "what the machine cannot is skipped in words, and neither passed nor failed" {
    local programs unshare
    solutions
    unshare=$(type -P unshare)
    mkdir bin
    # (The text of the whole test is a word, too, but with quotes.)
    printf 'case $* in *"sh -c ulimit"* | *"sh -c cd "*) exit 1 ;; esac\nexec %s "$@"\n' "$unshare" |
        program bin/unshare
    PATH=$PWD/bin:$PATH byo "${programs[0]}" 10
    assert "$output" starts "step 10, limit: skipped: this kernel counts"
    assert "${#lines[@]}" == 1
    PATH=$PWD/bin:$PATH byo "${programs[0]}" 11
    assert "$output" starts "step 11, layers: skipped: this kernel has no overlay"
}

@test "as the page says: in a container that may, and with a root of one's own" {
    local programs
    solutions
    cp "${programs[0]}" mine
    mc run --privileged -v "$BYO:/work:ro" -v "$PWD:$PWD" -w "$PWD" -- /work/test ./mine 5
    call "$BYO/test" --root root
    NAME=box ROOT=$PWD/root call -7 ./mine /bin/sh -c 'ls -d /proc/[0-9]*; exit 7'
    assert "$output" == /proc/1
}
