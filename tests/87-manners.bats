#!/usr/bin/env bats
# 87-manners.bats -- the program is a good guest: at a terminal, among signals, on an odd machine,
# and in what it says. Each test is a rule, and tries the rule's whole kind.

load helpers
load probe
load session

setup_file() {
    build_probe
    build_probe manners
}

setup() { mc_setup; }

teardown() {
    session_end
    kill_left
}

# $manners is there, for everybody; see the head of manners.c for its words.
need_manners() {
    need_probe
    need_probe manners
    mkdir tool
    mv manners tool
    manners=$PWD/tool/manners
    # How the container sees it.
    tools=(-v "$PWD/tool:/mnt:ro")
}

# ------------------------------------------------------------------------- 16: signals, terminal

# start [NUMBER...] -- ARG...: minicontainer ARG..., in the background, with default signals; the
# NUMBERs are ignored. $outer is the supervisor. Returns when the file "up" has something in it.
start() {
    local ignored=()
    while [ "$1" != -- ]; do ignored+=("$1"); shift; done
    shift
    rm -f up
    (
        remember_session
        exec setsid "$manners" plain ${ignored[@]+"${ignored[@]}"} -- \
            ${MC_AS[@]+"${MC_AS[@]}"} "$MC" "$@"
    ) >up 2>err 3>&- 4>&- &
    outer=$!
    wait_for '[ -s up ]' || { cat err; return 1; }
}

# The container that start made ends: its command is killed, which it cannot hear.
finish() {
    kill -KILL "$outer" 2>/dev/null || true
    wait "$outer" 2>/dev/null || true
    outer=
    no_process_left
}

# Left out are those that cannot be caught; that say a child has ended; that stop and continue a job
# (they have tests of their own); and the two that libc keeps for itself. The faults of a program
# come last.
passable_signals() {
    local sig faults=
    for ((sig = 1; sig <= 64; sig++)); do
        case $(kill -l "$sig" 2>/dev/null) in
        '' | KILL | STOP | CHLD | CONT | TSTP | TTIN | TTOU | PIPE) ;;
        ILL | TRAP | ABRT | BUS | FPE | SEGV | SYS) faults+=" $sig" ;;
        *) echo "$sig" ;;
        esac
    done
    echo "$faults"
}

@test "signals: each that a process sends to the supervisor reaches the command, once" {
    requires userns plain # a sanitizer keeps some of them for itself
    need_manners
    local who way sig all
    all=$(passable_signals)
    assert "$(wc -w <<<"$all")" -ge 50 "signals to be tried"
    for who in $(people); do
        for way in '' --no-pid '--only user,pid'; do
            # shellcheck disable=SC2086  # words
            $who start -- run $way --no-root -- "$manners" catch
            for sig in $all; do
                kill -s "$sig" "$outer" || fail "$who run $way: the supervisor was dead before $sig"
                wait_for "grep -qx 'got $sig' up" 20 || {
                    cat err
                    fail "$who run $way: signal $sig ($(kill -l "$sig")) did not come through"
                }
            done
            # shellcheck disable=SC2086  # a list
            assert "$(<up)" == "up"$'\n'"$(printf 'got %s\n' $all)" "each came once"
            finish
        done
    done
}

@test "signals: what the caller ignored (nohup) the supervisor ignores; the command has a default" {
    requires userns
    need_manners
    local who sig deaf='1 2 3 10 14 15 30 40 64'
    for who in $(people); do
        # shellcheck disable=SC2086  # words
        $who start $deaf -- run --no-root -- \
            sh -c "grep SigIgn /proc/self/status; exec '$manners' catch"
        wait_for 'grep -qx up up'
        assert "$(head -n 1 up)" == $'SigIgn:\t0000000000000000' "$who: the command ignores nothing"
        for sig in $deaf; do kill -s "$sig" "$outer"; done
        # The next one is not ignored: when it has come, the others would have come, too.
        kill -USR2 "$outer"
        wait_for "grep -qx 'got 12' up"
        assert "$(sed 1,2d up)" == "got 12" "$who"
        finish
    done
    # The real one, and its signal.
    (
        remember_session
        exec setsid "$manners" plain -- nohup "$MC" run -- sh -c 'echo up; sleep 1000'
    ) >nohup-up 2>err </dev/null 3>&- 4>&- &
    outer=$!
    wait_for 'grep -qx up nohup-up'
    kill -HUP "$outer"
    kill -USR1 "$outer"
    status=0
    wait "$outer" || status=$?
    outer=
    assert "$status" -eq $((128 + 10)) "ended by the second, and not by SIGHUP"
    no_process_left
}

@test "signals: a lab starts, whoever is continued meanwhile" {
    requires userns
    need_manners
    # SIGCONT at any moment, to any process of it, and so at a wrong one.
    MC_TIMEOUT=60 call sh -c 'i=0; while [ $i -lt 40 ]; do
        "$1" nag 18 "$2" lab true || exit; i=$((i + 1)); done' sh "$manners" "$MC"
    no_process_left
}

# Is the shell that we type to the foreground job? It has job control, and waits.
shell_in_front() {
    tree | awk '$7 == "bash" { exit $4 != $5 } END { if (!NR) exit 1 }'
}

# Starts a job in the background that wants the terminal, and does not get it.
job_that_wants() { # WORDS
    session_type "minicontainer $1 &"
    session_prompt
    wait_for 'tree | grep -q " T .* minicontainer$"' || { tree; return 1; }
    shell_in_front || { tree; fail "$who: $1 & took the terminal"; }
    session_type 'echo alive $((6 * 7))'
    session_wait $'\nalive 42\n'
    session_prompt
}

@test "terminal: a job in the background leaves the shell that typed it alone" {
    requires tty userns
    need_manners
    local who words
    for who in $(people); do
        $who session_start
        session_prompt
        for words in "run" "run -- bash --norc -i" "run -- sh -c 'exec cat </dev/tty'" \
            "lab bash --norc -i" "run --no-pid --no-proc"; do
            job_that_wants "$words"
            session_type 'kill -KILL $!; wait'
            wait_for '! tree | grep -q minicontainer'
            session_key '\n'
            session_prompt
            shell_in_front || { tree; fail "$who: $words & took the terminal at its end"; }
        done
        # Who does not want it runs, and ends, and the shell has not noticed.
        session_type 'minicontainer run -- true & wait; minicontainer compare uts >/dev/null & wait'
        session_prompt
        session_type 'echo alive $((6 * 7))'
        session_wait $'\nalive 42\n'
        session_end
    done
    no_process_left
}

@test "terminal: the whole container is one job: &, reading, fg, ^Z, bg, kill" {
    requires tty userns
    need_manners
    local who options sig
    for who in $(people); do
        $who session_start
        session_prompt
        for options in "" "--no-pid --no-proc" "--only user,pid,mnt,proc"; do
            job_that_wants "run $options -- cat"
            session_states T cat
            session_type jobs
            session_wait 'Stopped'
            session_type fg
            session_states S cat
            session_type 'hello there'
            session_wait $'hello there\nhello there'
            session_key '\032'
            session_wait 'Stopped'
            session_states T cat minicontainer
            session_prompt
            session_type fg
            session_states S cat minicontainer
            session_key '\004'
            session_prompt
            session_type 'echo "status $?"'
            session_wait $'\nstatus 0\n'
            session_prompt
            # And by kill(1), which knows of the supervisor only.
            session_type "minicontainer run $options -- sleep 1000 &"
            session_started sleep
            session_prompt
            session_type 'kill -TSTP $!'
            session_states T sleep minicontainer
            session_prompt
            session_type bg
            session_states S sleep minicontainer
            session_prompt
            # (With --only the command is PID 1, which does not hear SIGTERM.)
            case $options in --only*) sig=KILL ;; *) sig=TERM ;; esac
            session_type "kill -$sig \$!; wait"
            wait_for '! tree | grep -q " sleep\$"'
            session_key '\n'
            session_prompt
        done
        session_end
    done
    no_process_left
}

@test "terminal: modes and foreground are given back, whichever descriptor is the terminal" {
    requires tty userns
    need_manners
    local who words options
    for who in $(people); do
        for options in "" --init "--no-pid --no-proc"; do
            for words in "" "</dev/null" ">out" "</dev/null >out" "</dev/null 2>err" \
                "</dev/null >out 2>err"; do
                rm -f out err
                # No shell with job control is around it: nobody else would give anything back.
                $who pty "stty -g
                    minicontainer run $options ${tools[*]} -- /mnt/manners take $words
                    echo status \$?; stty -g; '$manners' front"
                assert "${#lines[@]}" -eq 4 "$who run $options $words"
                assert "${lines[1]}" == "status 7" "$who run $options $words"
                assert "${lines[2]}" == "${lines[0]}" "$who run $options $words: the modes"
                assert "${lines[3]}" == front "$who run $options $words"
            done
        done
    done
}

@test "terminal: one ^C ends a command; PID 1 without a handler needs three, and it is said why" {
    requires tty userns
    need_manners
    local who options
    for who in $(people); do
        $who session_start
        session_prompt
        session_type 'minicontainer run -- sleep 1000'
        session_started sleep
        wait_for 'tree | awk "\$7 == \"sleep\" { exit \$4 != \$5 }"'
        session_key '\003'
        session_prompt
        session_type 'echo "status $?"'
        session_wait $'\nstatus 130\n'
        session_prompt
        for options in --no-init "--only user,pid"; do
            session_type "minicontainer run $options -- sleep 1000"
            session_started sleep
            session_key '\003'
            session_wait '(PID 1|handler)'
            session_wait '\^C.*\^C' # the terminal's echo, and what to type next
            session_started sleep
            # Again and again, till it is over: the prompt is back.
            wait_for 'printf "\003" >&"$SESSION_KEYS"; nap; nap; ! tree | grep -q " sleep\$"'
            session_wait 'PID 1.*PID 1|lesson 03|SIGKILL' # why
            session_key '\n'
            session_prompt
        done
        # Who has a handler decides for itself.
        printf '%s\n' 'trap "echo caught" INT' 'echo up' 'until read x; do :; done' >tool/hear
        session_type "minicontainer run --no-init ${tools[*]} -- sh /mnt/hear"
        session_wait $'\nup'
        for n in 1 2 3 4; do
            printf '\003' >&"$SESSION_KEYS"
            session_wait "(caught[^c]*){$n}"
        done
        session_type end
        session_prompt
        session_end
    done
    no_process_left
}

# ---------------------------------------------------------------------------------- 16, 20: --step

# The question of --step, the shell's prompt on a new line, and what is told when something is done.
QUESTION='\[Enter\][^:]*(\[[a-z]\][^:]*)+: $'
AT_PROMPT=$'(\n|\\^C)\\$ $'
DONE='(parent|child) +(call|shell|now) '

# How often was asked since the last typing? (All of it is in $screen.)
asked() {
    session_read
    local rest=${screen//'[Enter]'/}
    echo $(((${#screen} - ${#rest}) / 7))
}

@test "--step: ^C at any question leaves, with 130" {
    requires tty userns
    local n i last=0
    session_start
    session_prompt
    # How many questions are there?
    session_type 'minicontainer run --step -- true'
    while session_wait "$QUESTION|$AT_PROMPT" && [[ $screen =~ $QUESTION ]]; do
        last=$((last + 1))
        session_key '\n'
    done
    assert "$last" -ge 10 "questions"
    for ((n = 0; n < last; n++)); do
        session_type 'minicontainer run --step -- true'
        session_wait "$QUESTION"
        if [ "$n" -gt 0 ]; then
            session_key '\n'
            for ((i = 1; i < n; i++)); do printf '\n' >&"$SESSION_KEYS"; done
            wait_for '[ "$(asked)" = "$n" ]' || session_in_vain "at question $((n + 1)) of $last"
        fi
        session_key '\003'
        session_wait "$AT_PROMPT" 20 || fail "question $((n + 1)) of $last"
        session_type 'echo "status $?"'
        session_wait $'\nstatus [0-9]+\n'
        assert "$screen" contains "status 130" "at question $((n + 1)) of $last"
        session_prompt
    done
    session_end
    no_process_left
}

@test "--step: nothing but Enter does it; ^D and unknown words ask again" {
    requires tty userns
    local key step
    session_start
    session_prompt
    session_type 'minicontainer run --step -- echo reached'
    session_wait "$QUESTION"
    for step in 1 2 9; do
        for key in '\004' 'x\n' 'yes\n' 'quit it\n' 'no\n' 'rr\n' 'cq\n' ' \n'; do
            session_key "$key"
            session_wait "$QUESTION"
            assert "$screen" !~ "$DONE" "$key did something"
            assert "$screen" lacks reached "$key did something"
        done
        session_key '\n'
        session_wait "(parent|child) +(why|call|shell|now) .*$QUESTION"
    done
    # And the words do what they say.
    session_type r
    session_wait "$QUESTION"
    assert "$screen" !~ "$DONE"
    session_type c
    session_prompt
    assert "$output" has-line reached
    session_type 'minicontainer run --step -- echo reached'
    session_wait "$QUESTION"
    session_type q
    session_prompt
    assert "$output" lacks reached
    # The window is closed at a question: nobody goes on asking.
    session_type 'minicontainer run --step -- true'
    session_wait "$QUESTION"
    session_end
    no_process_left
}

# ------------------------------------------------------------------------ 15: control characters

# What a name could do to a terminal: clear it, ring, go back, forge lines of ours.
EVIL=$'e\e[2J\a\b\r\v\f\x7f\x01vil\nminicontainer: forged\n  cure:   forged'

# Nothing that was said moves the cursor, and each line of stderr is ours.
said_cleanly() { # WHAT
    local text
    for text in "$output" "$stderr"; do
        assert "$(LC_ALL=C tr -d '\n\t\040-\176\200-\377' <<<"$text" | od -An -c)" == "" \
            "control characters: $1"
    done
    assert "$stderr" !~ $'(^|\n) *(minicontainer|cure|cause|try|lesson): +forged' "$1"
}

# refuses_cleanly STATUS WORD...: minicontainer WORD... is refused, in clean words of ours.
refuses_cleanly() {
    local want=$1
    shift
    mc "-$want" "$@" </dev/null
    assert "$stderr" starts "minicontainer: "
    said_cleanly "${*@Q}"
}

@test "control characters: none of what is typed is printed" {
    requires userns
    mkdir -p image
    refuses_cleanly 125 "$EVIL"
    refuses_cleanly 125 "--$EVIL"
    refuses_cleanly 125 "$EVIL" --help
    refuses_cleanly 127 run -- "$EVIL"
    refuses_cleanly 127 run -- "/$EVIL"
    refuses_cleanly 127 run "$EVIL" true
    refuses_cleanly 127 run ubuntu "$EVIL"
    refuses_cleanly 127 run --none -- "$EVIL"
    refuses_cleanly 127 run --none -- "./$EVIL"
    refuses_cleanly 127 run --image ./image -- "$EVIL"
    refuses_cleanly 125 run "--$EVIL"
    refuses_cleanly 125 run "-$EVIL"
    refuses_cleanly 125 run "--no-$EVIL"
    refuses_cleanly 125 run "--net=$EVIL"
    refuses_cleanly 125 run --mount "type=$EVIL"
    refuses_cleanly 125 run "--none=$EVIL"
    refuses_cleanly 125 compare "$EVIL"
    refuses_cleanly 125 compare "--$EVIL"
    refuses_cleanly 125 compare -- "$EVIL"
    refuses_cleanly 125 lab "--$EVIL"
    refuses_cleanly 127 lab "$EVIL"
    refuses_cleanly 125 exec "$EVIL"
    refuses_cleanly 125 exec "1$EVIL"
    refuses_cleanly 125 source "$EVIL"
    refuses_cleanly 125 look "$EVIL"
    refuses_cleanly 125 isolations "$EVIL"
    refuses_cleanly 125 doctor "$EVIL"
    mc -any compare uts -- echo "$EVIL"
    said_cleanly "the command of compare"
    assert "${lines[0]}" contains forged "the command as it was typed is one line"
    mc -any compare uts -- "$EVIL"
    said_cleanly "the command of compare that is not there"
    mc run --explain -- true "$EVIL"
    said_cleanly "an argument, told"
    mc -127 run --explain -- "$EVIL"
    said_cleanly "a command, told"
}

@test "control characters: an option's value with one is refused, but --env's goes through" {
    requires userns
    local evil=$'a\eb' word
    # What would be accepted otherwise.
    mkdir -p "$evil" image/proc $'image\n'
    touch "$evil/file"
    for word in "--hostname=$evil" "--image=$PWD/$evil" "--image=$PWD/image"$'\n' \
        "-v$PWD/$evil:/x" "-v$PWD/image:/$evil" "--volume=/usr:/x"$'\t'"y" \
        "--workdir=/tmp/$evil" "--map=0:1000:1"$'\n' "--cap-add=$evil" "--cap-drop=chown"$'\r' \
        "--security-opt=$evil" "--memory=50M"$'\b' \
        "--cpus=$evil" "--pids-limit=100"$'\e' "--boottime=5"$'\n' "--only=uts,"$'\a' \
        "--env=A"$'\e'"B=x"; do
        refuses_cleanly 125 run "$word" -- true
        refuses_cleanly 125 run "${word%%[= ]*}=${word#*=}" -- true
        assert "$stderr" contains "control" "${word@Q}: it says what is wrong"
    done
    refuses_cleanly 125 run --none --workdir "$PWD/$evil" -- true
    assert "$stderr" contains "control"
    mc run --env "A=$EVIL" --env B=$'\e' -- sh -c 'printf "%s %s" "$A" "$B"'
    assert "$output" == "$EVIL "$'\e'
}

@test "control characters: none of what an image says is printed" {
    requires userns
    need_manners
    local at
    mkdir -p image/bin image/proc image/dev "odd"$'\e[2J\n'/image
    printf '#!/no/%b -x\n' 'e\e[2J\a\rvil\x7f' >image/bin/script
    "$manners" loader $'/no/e\e[2J\a\rvil\nminicontainer: forged' >image/bin/program
    printf '#!/bin/sh\r\n' >image/bin/return
    chmod -R a+rX image
    chmod 0755 image/bin/*
    for at in script program return; do
        refuses_cleanly 127 run --image ./image -- "/bin/$at"
        refuses_cleanly 127 run --image ./image -- "$at"
        mc -any run --image ./image --explain -- "$at"
        said_cleanly "$at, told"
    done
    # Where it lies: these are not typed, but found.
    cd "odd"$'\e[2J\n'
    for at in "run --image ./image -- true" "run --image . -- true" "run --explain --image . -- x" \
        "run --explain -v .:/mnt -- true" "run --explain --no-root -- true" \
        "run --explain --none -- pwd" "run --none -- ./image"; do
        # shellcheck disable=SC2086  # words
        mc -any $at
        if [ "$at" = "run --explain --none -- pwd" ]; then output=; fi # that is the command's
        said_cleanly "$at"
    done
    # And the program itself.
    cp "$MC" minicontainer
    mkdir -m 0 lessons
    call -any ./minicontainer lab --explain true
    said_cleanly "the program's own place"
    chmod 0755 lessons
}

@test "control characters: none of what the machine has named is printed" {
    requires userns
    need_manners
    local words
    # Names of a host, of a mounted file system, of a process: whoever may give one, may give any.
    for words in look "look --porcelain" compare doctor "run --explain --no-uts --no-net -- true" \
        "compare uts" "lab --explain true"; do
        # shellcheck disable=SC2086  # words
        as_user call -any unshare --user --map-root-user --uts --mount --net sh -c '
            manners=$1 && shift && "$manners" hostname "$(printf "h\033[2J\a\tmc")"
            if command -v ip >/dev/null; then
                ip link set lo name "l$(printf "\033\a")o"
            fi
            mkdir -p root && mount -t tmpfs "$(printf "f\033[2J\ns")" root &&
            for at in /*; do
                if [ -h "$at" ]; then cp -P "$at" root; elif [ -d "$at" ]; then
                    mkdir -p "root$at" && mount --rbind "$at" "root$at"; fi
            done
            cd root && mkdir -p old && pivot_root . old && umount -l old && cd / && exec "$@"' sh \
            "$manners" "$MC" $words
        said_cleanly "$words"
        if [ "$words" = "look --porcelain" ]; then
            assert "$status" == 0
            assert "$(awk -F'\t' 'NF != 3' <<<"$output")" == "" "and no column is forged"
            assert "$output" =~ $'uts\t[0-9:]+\th.*mc'
        fi
    done
}

@test "control characters: compare shows none of what the command says" {
    requires userns
    mc compare uts -- printf 'a\033[2Jb\ac\rd\bxe\177f\033]0;title\a\n'
    said_cleanly "its output"
    assert "$output" contains 'a?[2Jb?c?d?xe?f' "each is a question mark"
    mc compare uts -- sh -c 'printf "x\033[2J\n" >&2; exit 3'
    said_cleanly "its stderr"
    requires perl
    # sethostname(2): what the lab is called then stands in the lab's own row.
    mc compare uts -- perl -e '$n = "n\033[2J\am"; chomp($m = `uname -m`);
        syscall($m eq "x86_64" ? 170 : 161, $n, length $n) == 0 or die; system "uname -n"'
    said_cleanly "the lab's name"
    assert "$output" contains 'n?[2J?m'
}

@test "control characters: those above 127 as well, and a letter stays a letter" {
    requires userns
    export LC_ALL=C.UTF-8
    local words
    for words in run\ -- "compare uts -- echo" "exec" "source"; do
        # shellcheck disable=SC2086  # words
        mc -any $words $'w\xc3\xa4x\xc2\x9b31m\xc2\x85' # U+009B is the same as ESC [
        assert "$output$stderr" lacks $'\xc2\x9b' "$words"
        assert "$output$stderr" lacks $'\xc2\x85' "$words"
        assert "$output$stderr" contains $'w\xc3\xa4x' "$words"
    done
}

# ------------------------------------------------------------------------------ 17: /dev/stdout

@test "as root, /dev/stdout of a file of root's is closed to the container; the pages say so" {
    requires root userns
    local page
    touch closed
    chmod 0600 closed
    mc -any run -- sh -c 'exec 2>&1; echo in >/dev/stdout' >closed # (mc gives it a file of its own)
    call -any sh -c '"$1" run -- sh -c "echo in >/dev/stdout" >closed' sh "$MC"
    assert "$status" -ne 0
    assert "$(<closed)" == ""
    call sh -c '"$1" run --map 0:0:1 -- sh -c "echo in >/dev/stdout" >closed' sh "$MC"
    assert "$(<closed)" == in
    for page in "$MC_TREE/README.md" "$MC_TREE"/lessons/07-user/README.md; do
        assert "$(grep -c -e /dev/stdout "$page")" -ge 1 "$page names it"
        assert "$(grep -c -e '--map 0:0:1' "$page")" -ge 1 "$page names the cure"
    done
}

# ---------------------------------------------------------------------------- 18: odd machines

# on_odd SETUP WORD...: minicontainer WORD... in a mount table of its own, where SETUP (shell) has
# made the machine an odd one. Where the program goes out of sight there, $program is the copy that
# SETUP has made.
on_odd() {
    local setup=$1 own=(--user --map-root-user)
    shift
    if [ "$($who id -u)" = 0 ]; then own=(--propagation private); fi
    $who call -any unshare --mount ${also[@]+"${also[@]}"} "${own[@]}" sh -ec "
        odd() { $setup
        }
        odd >&2 || exit 99"'
        exec "$@"' sh "${program-$MC}" "$@"
    assert "$status" -ne 99 "the odd machine could not be made"
}

# It works; or it was refused, with a cause and a cure (which says CURE, where that is given).
works_or_says() { # WHAT [CURE]
    if [ "$status" = 0 ]; then
        assert "$output" == in "$1"
        return
    fi
    assert "$status" == 125 "$1"
    assert "$output" == "" "$1"
    assert $'\n'"$stderr" =~ $'\nminicontainer: ' "$1"
    assert "$stderr" =~ $'\n  cause: +.' "$1: a cause"
    assert "$stderr" =~ $'\n  cure: +.' "$1: a cure"
    assert "$stderr" =~ "  cure:.*${2-}" "$1: the right cure"
}

works() { # WHAT
    assert "$status" == 0 "$1"
    assert "$output" == in "$1"
}

# Another root, with what is in this one: SETUP for on_odd. $1 are names in / that are left out; $2
# (shell) makes others, and stands in the new root. The program is /mc there. /proc goes along
# whole, or no other one could be mounted.
other_root() {
    echo 'mkdir -p root && mount -t tmpfs none root && cp "'"$MC"'" root/mc && for at in /*; do
        case " '"$1"' " in *" ${at#/} "*) continue ;; esac
        if [ -h "$at" ]; then cp -P "$at" root; elif [ -d "$at" ]; then
            mkdir "root$at" && mount --rbind "$at" "root$at"; fi
    done
    cd root && mkdir old.root
    '"$2"'
    pivot_root . old.root && umount -l old.root && rmdir old.root && cd /'
}

# How /etc becomes one that we may write: SETUP for on_odd, before anything else.
OWN_ETC='mount -t tmpfs none /etc && echo "root:x:0:0::/root:/bin/sh" >/etc/passwd &&'

@test "odd machines: /etc/resolv.conf is a device, a directory, a fifo, a dead link, not there" {
    requires userns
    local who odd MC_TIMEOUT=40 # a container that waits for a fifo would wait for ever
    for who in $(people); do
        for odd in 'mount --bind /dev/null /etc/resolv.conf' \
            'mkdir /etc/resolv.conf' 'ln -s /dev/zero /etc/resolv.conf' \
            'ln -s /nowhere /etc/resolv.conf' 'ln -s resolv.conf /etc/resolv.conf' 'true' \
            'echo secret >/etc/resolv.conf; chmod 0 /etc/resolv.conf' \
            'mkfifo /etc/resolv.conf'; do
            if [[ $odd != mount* ]]; then odd="$OWN_ETC $odd"; fi
            on_odd "$odd" run -- echo in
            works "$who: $odd"
        done
    done
    no_process_left
}

@test "odd machines: /etc/resolv.conf is a link into /tmp: what it leads to is there" {
    requires userns
    local who odd program=/run/mc
    for who in $(people); do
        for odd in /tmp/dns/resolv.conf ../tmp/dns/resolv.conf /run/dns/resolv.conf /mnt/resolv.conf
        do
            on_odd "$OWN_ETC mount -t tmpfs none /run && cp '$MC' /run/mc &&
                mount -t tmpfs none /mnt && mount -t tmpfs none /tmp && mkdir /tmp/dns /run/dns &&
                ln -s $odd /etc/resolv.conf && echo nameserver 192.0.2.1 >/etc/resolv.conf" \
                run -- cat /etc/resolv.conf
            assert "$status" == 0 "$who: $odd"
            assert "$output" == "nameserver 192.0.2.1" "$who: $odd"
        done
    done
}

# It works; or it was refused, and the message names the place that is missing and its chapter.
works_or_names_the_root() { # WHAT
    if [ "$status" = 0 ]; then
        assert "$output" == in "$1"
        return
    fi
    assert "$status" == 125 "$1"
    assert "$output" == "" "$1"
    assert "$stderr" =~ "minicontainer: .*NEW_ROOT.* failed: ENOENT" "$1"
    assert "$stderr" contains "minicontainer source 6" "$1"
}

@test "odd machines: there is no /tmp" {
    requires userns
    local who program=/mc
    for who in $(people); do
        on_odd "$(other_root tmp true)" run -- echo in
        works_or_names_the_root "$who"
        on_odd "$(other_root tmp true)" lab echo in
        works_or_names_the_root "$who: lab"
        on_odd "$(other_root tmp 'mkdir -p image/proc image/dev image/usr &&
            mount --rbind /usr image/usr &&
            for at in bin lib lib64; do ln -s usr/$at image/$at; done')" \
            run --image /image -- echo in
        works_or_names_the_root "$who: --image"
    done
}

@test "odd machines: /dev has no tty, or no full, or no random" {
    requires userns
    local who left
    for who in $(people); do
        for left in "null zero random urandom" "null zero full random urandom" \
            "null zero full random urandom tty" "null zero tty"; do
            on_odd "mkdir -p dev && mount -t tmpfs none dev && for at in $left; do
                : >dev/\$at && mount --bind /dev/\$at dev/\$at; done && mount --rbind dev /dev" \
                run -- echo in </dev/null
            works_or_says "$who: only $left"
        done
    done
}

@test "odd machines: /proc is read-only" {
    requires userns
    local who words
    for who in $(people); do
        for words in "run -- echo in" "lab echo in" "run --only user -- echo in"; do
            # shellcheck disable=SC2086  # words
            on_odd 'mount -o remount,bind,ro /proc' $words
            works_or_says "$who $words"
        done
        on_odd 'mount -o remount,bind,ro /proc' doctor
        if [ "$status" != 0 ]; then assert "$output" =~ 'cause: .*read-only' "$who"; fi
    done
}

@test "odd machines: no sysfs may be mounted" {
    requires userns
    local who words
    for who in $(people); do
        for words in "run -- echo in" "lab echo in" "run --only user,pid,mnt,proc,net -- echo in"
        do
            # What covers a part of it keeps the kernel from giving anybody the whole.
            # shellcheck disable=SC2086  # words
            on_odd 'mount -t tmpfs none /sys/kernel' $words
            works_or_says "$who $words"
        done
    done
}

@test "odd machines: user 0 has not CAP_SETFCAP, or not another capability" {
    requires userns
    local who cap words
    for who in $(people); do
        for cap in setfcap setuid setgid sys_admin all; do
            for words in "run -- echo in" "lab echo in"; do
                # shellcheck disable=SC2086  # words
                $who call -any unshare --user --map-root-user \
                    setpriv --bounding-set=-$cap --inh-caps=-all "$MC" $words
                works_or_says "$who without $cap: $words"
            done
        done
        if [ "$($who id -u)" = 0 ]; then
            call -any setpriv --bounding-set=-setfcap --inh-caps=-all "$MC" run -- echo in
            works_or_says "root without CAP_SETFCAP"
        fi
    done
}

# Only root of the machine may set the switch: so in a PID namespace of root's, for each of people.
memfd_noexec() { # LEVEL WORD...
    local level=$1
    shift
    call -any unshare --pid --fork --mount --mount-proc --propagation private sh -c '
        echo '"$level"' >/proc/sys/vm/memfd_noexec || exit 99
        exec "$@"' sh ${people_are[@]+"${people_are[@]}"} "$@"
    if [ "$status" = 99 ]; then skip "this kernel has no vm.memfd_noexec"; fi
}

@test "odd machines: vm.memfd_noexec: no file in memory may be executed" {
    requires root userns
    local who words level people_are
    mkdir -p image/proc image/dev image/usr
    for words in bin lib lib64; do ln -s usr/$words image/$words; done
    for who in $(people); do
        people_are=()
        if [ "$who" = as_user ]; then
            people_are=(setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all)
        fi
        for level in 1 2; do
            for words in "run -- echo in" "lab echo in" "run --image ./image -v /usr:/usr -- echo in"
            do
                # shellcheck disable=SC2086  # words
                memfd_noexec $level "$MC" $words
                works_or_says "$who memfd_noexec=$level: $words"
            done
            memfd_noexec $level bash -c 'coproc "$1" run -- sh -c "echo up; exec sleep 1000"
                read x <&"${COPROC[0]}"; "$1" exec "$COPROC_PID" -- echo in; rc=$?
                kill "$COPROC_PID"; exit $rc' bash "$MC"
            works_or_says "$who memfd_noexec=$level: exec"
            for words in "compare uts -- echo in" doctor compare; do
                # shellcheck disable=SC2086  # words
                memfd_noexec $level "$MC" $words
                if [ "$status" != 0 ]; then works_or_says "$who memfd_noexec=$level: $words"; fi
            done
        done
    done
    no_process_left
}

@test "odd machines: the program's file may be executed, but not read" {
    requires userns
    local words
    cp "$MC" unreadable
    if [ "$(id -u)" = 0 ]; then chmod 0711 unreadable; else chmod 0111 unreadable; fi
    for words in "run -- echo in" "run --no-pid -- echo in" "run --only user -- echo in" \
        "lab echo in"; do
        # shellcheck disable=SC2086  # words
        as_user call -any ./unreadable $words
        works "mode 0711: $words"
    done
    as_user call ./unreadable compare uts -- echo in
    as_user call -any ./unreadable doctor
    assert "$output" =~ ^"container +works"
}

@test "odd machines: the program's file has a group's right, or capabilities" {
    requires root userns user
    local words
    cp "$MC" group
    chgrp 12 group
    chmod 2755 group
    as_user call -any ./group run -- echo in
    works_or_says "setgid"
    cp "$MC" capable
    setcap cap_net_raw,cap_sys_ptrace+ep capable || skip "files have no capabilities here"
    for words in "run -- echo in" "lab echo in"; do
        # shellcheck disable=SC2086  # words
        as_user call -any ./capable $words
        works "capabilities of a file: $words"
    done
}

@test "odd machines: the program was made setuid: refused, with cause and cure" {
    requires root userns user
    local owner mode words
    cp "$MC" raised
    for owner in 0:0 65534:65534; do
        chown "$owner" raised
        for mode in 4755 6755; do
            chmod "$mode" raised
            for words in "run -- echo in" "run --none -- id -u" "lab true" "exec lab -- true" \
                "run --no-user -- id -u" "compare uts -- true"; do
                # shellcheck disable=SC2086  # words
                as_user call -any ./raised $words
                assert "$status" == 125 "$owner $mode: $words"
                works_or_says "$owner $mode: $words" "chmod|u-s"
                assert "$stderr" contains setuid "$owner $mode: $words"
            done
        done
    done
    chown 65534:65534 raised
    chmod 4755 raised
    call -any ./raised run -- echo in
    assert "$status" == 125 "by root, and set to nobody"
    chmod 0755 raised
    as_user call ./raised run -- echo in
}

@test "odd machines: netlink is forbidden: look shows the other rows" {
    requires userns
    local who words
    build_deny
    for who in $(people); do
        mc look --porcelain
        words=$(cut -f 1 <<<"$output")
        $who call ./deny socket:EPERM -- "$MC" look --porcelain
        assert "$(cut -f 1 <<<"$output")" == "$words" "$who: each row is there"
        assert "$(grep '^uts' <<<"$output")" =~ $'\t'"$(</proc/sys/kernel/hostname)"
        $who call ./deny socket:EACCES -- "$MC" look
        assert "${#lines[@]}" -eq 14 "$who: a head, and 13 rows"
        $who call -any ./deny socket:EPERM -- "$MC" run --no-net -- echo in
        works "$who"
    done
}

@test "odd machines: a script's first line ends with a carriage return: it is named" {
    requires userns
    mkdir -p image/proc image/dev image/usr
    for at in bin lib lib64; do ln -s usr/$at image/$at; done
    printf '#!/bin/sh\r\necho in\r\n' >script
    printf '#!/usr/bin/env sh\r\necho in\r\n' >script2
    chmod 0755 script script2
    cp script image/script
    mc -127 run --none -- ./script
    assert "$stderr" =~ "carriage return"
    mc -127 run -v "$PWD/script:/mnt/script" -- /mnt/script
    assert "$stderr" =~ "carriage return"
    mc -127 run --image ./image -v /usr:/usr -- /script
    assert "$stderr" =~ "carriage return"
    assert "$stderr" lacks $'\r'
    # Control: without it none is told of.
    printf '#!/no/sh\necho in\n' >script
    mc -127 run --none -- ./script
    assert "$stderr" !~ "carriage return"
}

@test "odd machines: a 32-bit program: the filter ends it, and it is said why" {
    requires userns
    need_manners
    if [ "$(uname -m)" != x86_64 ]; then skip "for x86-64"; fi
    "$manners" elf32 >tool/small
    chmod 0755 tool/small
    ./tool/small || skip "this kernel runs no 32-bit programs"
    local way
    for way in "" --no-pid "--only user,mnt,seccomp" --no-caps; do
        # shellcheck disable=SC2086  # words
        mc -159 run $way "${tools[@]}" -- /mnt/small
        assert "$stderr" =~ 32.?bit "$way"
        assert "$stderr" =~ "--no-seccomp|seccomp" "$way"
    done
    mc run --no-seccomp "${tools[@]}" -- /mnt/small
    # Who ends by SIGSYS for another reason looks the same from outside: it is not called so for
    # sure, and not at all where there is no filter, or by another signal.
    mc -159 run -- sh -c 'kill -SYS $$'
    assert "$stderr" contains "most often"
    mc -159 run --no-seccomp -- sh -c 'kill -SYS $$'
    assert "$stderr" !~ 32.?bit
    mc -134 run -- sh -c 'kill -ABRT $$'
    assert "$stderr" !~ 32.?bit
}

@test "odd machines: programs lie in /gnu (Guix), or /usr/local is /var/usrlocal (OSTree)" {
    requires userns
    local who program=/mc
    for who in $(people); do
        on_odd "$(other_root "usr bin sbin lib lib32 lib64 libx32 gnu tmp" '
            mkdir -p tmp usr/bin gnu/store/abc-base && mount --rbind /usr gnu/store/abc-base &&
            for at in bin sbin lib lib64; do ln -s "gnu/store/abc-base/$at" "$at"; done
            ln -s /gnu/store/abc-base/bin/env usr/bin/env')" run -- sh -c 'echo in'
        works "$who: /gnu"
        on_odd "$(other_root "usr var tmp" '
            mkdir -p tmp usr var/usrlocal/bin && ln -s ../var/usrlocal usr/local &&
            printf "#!/bin/sh\necho in\n" >var/usrlocal/bin/hello &&
            chmod 755 var/usrlocal/bin/hello && for at in /usr/*; do
                if [ "$at" = /usr/local ]; then continue; fi
                if [ -h "$at" ]; then cp -P "$at" usr; elif [ -d "$at" ]; then
                    mkdir "${at#/}" && mount --rbind "$at" "${at#/}"; fi
            done')" run -- hello
        works "$who: /var/usrlocal"
    done
}

# ------------------------------------------------------------------ 19: not found, and what to type

@test "not found: a file of that name where we stand does not make it a program of PATH" {
    requires userns
    local who name options
    cp "$(type -P true)" a
    printf '#!/bin/sh\n' >b
    printf '#!/no/such/interpreter\n' >c
    echo text >d
    mkdir e
    chmod 0755 a b c d
    for who in $(people); do
        for name in a b c d e; do
            for options in --none --no-root "--no-root --workdir $PWD" ""; do
                # shellcheck disable=SC2086  # words
                $who mc -127 run $options -- "$name"
                assert "$stderr" !~ "is there|loader|load|interpreter|missing" "$options"
                assert "$stderr" =~ "$name: not found" "$options"
                assert "$stderr" contains PATH "$options"
            done
        done
    done
}

# Each line to be copied that was just printed is typed: it works, or runs a program that says no.
tries_work() { # WHAT
    local line tries
    tries=$(sed -n 's/^  try: *//p' <<<"$stderr")
    while IFS= read -r line; do
        case $line in
        '') continue ;;
        *"exec lab"*) continue ;; # in a second window, when there is a lab
        esac
        call -any sh -c "$line"
        case $status in
        125 | 126 | 127) fail "$1: to type this is nonsense: $line" ;;
        esac
    done <<<"$tries"
}

@test "not found: what is to be typed instead can be typed" {
    requires userns
    local want words
    while read -r want words; do
        # shellcheck disable=SC2086  # words
        eval "mc -$want $words" </dev/null
        tries_work "$words"
    done <<'END'
127 run -- minicontainer look
127 run minicontainer look
127 run minicontainer
127 run -- ./minicontainer look
127 run ubuntu bash
127 run ubuntu
127 run ubuntu:24.04 bash
127 run ubuntu no-such-command
127 run ubuntu -c true
127 run no-such -- x
127 run no-such --
127 run -- no-such -- look
127 run -- no-such ''
127 run -- no-such .
127 run -- no-such /
127 run -- no-such look
127 run -- no-such run
127 run -- --
127 run -- -c true
127 run -- -- x
125 run -c true
125 run -c
125 run ---
125 look look
125 minicontainer look
125 no-such
125 bash
125 -- run
125 run -P 80:80 true
125 run --uts host
125 run --user 1000 true
125 run --only proc -- true
125 compare -- hostname
125 compare no-such
125 source no-such
125 exec no-such
END
}

@test "not found: our own program is not in a container, and what to type is said" {
    requires userns
    local who words
    for who in $(people); do
        for words in "run -- minicontainer look" "run minicontainer look" "run -- minicontainer run"
        do
            # shellcheck disable=SC2086  # words
            $who mc -127 $words
            assert "$stderr" =~ "not (in|of) (a|the|this) container|container has no" "$words"
            assert "$stderr" =~ $'\n  (try|cure): +minicontainer (compare|lab|look)' "$words"
            assert "$stderr" !~ "try: +minicontainer run -- (look|run)" "$words"
        done
    done
}

# -------------------------------------------------------------------------- 20: source and compare

# What a line goes on with stands below its text, and both together are the line. One blank between
# words, as in what it is compared with. (A number begins a line if it is the next one.)
unwrapped() { # FILE
    awk 'NR == 1 { n = $1 - 1 }
        $1 == n + 1 { if (NR > 1) print line; line = $0; n++; next }
        $0 !~ /^    +[^ ]/ { print "no number and no indent: " $0 }
        { line = line " " $0 }
        END { print line }' "$1" | sed 's/[[:blank:]]\+/ /g; s/ $//'
}

@test "source: a long line goes on under its own text, at the width of the terminal" {
    requires tty
    local width what
    for what in "" uts; do
        # shellcheck disable=SC2086  # a word, or none
        mc source $what >/dev/null
        sed 's/[[:blank:]]\+/ /g; s/ $//' <<<"$output" >expected
        for width in 80 100 200; do
            # A screen that is high enough: no pager, and no word about one.
            PAGER="cat" pty "stty rows 20000 cols $width; minicontainer source $what" >/dev/null
            printf '%s\n' "$output" >shown
            assert "$(awk -v w=$width 'length > w' shown | head -n 3)" == "" "longer than $width"
            unwrapped shown >joined
            assert "$(diff <(tr -d ' ' <expected) <(tr -d ' ' <joined) | head -n 5)" == "" \
                "source $what at $width: nothing more, nothing less"
            # Only a word that fills half a line may be broken.
            assert "$(diff expected joined | sed -n 's/^< //p' | grep -vE '[^ ]{35}' | head -n 5)" \
                == "" "source $what at $width: broken words"
        done
        # Where there is room, nothing is broken.
        assert "$(wc -l <shown)" == "$(wc -l <expected)"
    done
    PAGER="cat" pty "stty rows 20000 cols 50; minicontainer source main"
    assert "$(awk 'length > 50' <<<"$output")" == ""
}

@test "source: what fits the screen does not wait, what does not fit does; and how to leave is said" {
    requires tty
    local height size pager
    unset PAGER LESS MORE
    mc source main
    height=$(wc -l <<<"$output")
    session_start
    session_prompt
    for pager in less "more -d"; do
        if ! command -v "${pager%% *}" >/dev/null; then continue; fi
        session_type "export TERM=xterm PAGER='$pager'"
        session_prompt
        # Without less, more is asked, and that may wait at the end.
        if [ "$pager" = less ]; then
            session_type "stty rows $((height + 8)) cols 200; unset PAGER; minicontainer source main"
            session_prompt
            assert "$output" contains "int main("
        fi
        # Wrapped lines count as what they take.
        for size in "rows $((height - 3)) cols 200" "rows $((height + 3)) cols 40"; do
            session_type "stty $size; minicontainer source main"
            session_wait "(^|[^a-z])q[]'\")]?:? +((to )?(leave|quit|end)s?)"
            session_key q
            session_wait '\$ $'
            session_type 'echo "alive $((6 * 7)), status $?"'
            session_wait $'\nalive 42, status 0'
            session_prompt
        done
    done
}

@test "compare: both halves get the whole of a file, and their whole answers are shown" {
    requires userns
    local who n
    printf 'from a file\n' >file
    printf 'one\ntwo\nthree\n' >three
    head -c 300000 /dev/zero >zeros
    chmod 0644 file three zeros
    for who in $(people); do
        # A pipe can be read only once: neither gets it.
        $who call bash -c 'printf "hello there\n" | "$1" compare uts -- cat' bash "$MC"
        assert "$output" =~ '--- \| ---'-*$'\n''exit status 0 +\| exit status 0' "a pipe"
        $who mc compare uts -- cat <file
        assert "$output" =~ $'\n'"from a file +\| from a file"$'\n' "a file"
        $who mc compare uts -- head -c 4 <file
        assert "$output" =~ $'\n'"from +\| from"$'\n' "who reads a part"
        $who mc compare uts -- wc -c <zeros
        assert "$output" =~ $'\n'"300000 +\| 300000"$'\n' "more than a pipe holds"
        # From where the caller stands in it, and no further than the command reads.
        $who call bash -c '{ read -r word; "$1" compare uts -- head -c 4; } <three' bash "$MC"
        assert "$output" =~ $'\n'"two +\| two"$'\n' "a file that was begun"
        $who mc compare uts -- wc -c </dev/null
        assert "$output" =~ $'\n'"0 +\| 0"$'\n' "nothing"
        # The row's own probe reads nothing, and so does not wait for an end.
        rm -f open
        mkfifo -m 0666 open
        $who call bash -c 'exec 9<>open; "$1" compare uts <open' bash "$MC"
        for n in 400 2000; do
            $who mc compare uts -- seq "$n"
            if [[ $output$stderr =~ cut|left\ out|bytes|more\ lines ]]; then continue; fi
            assert "$(grep -c '^[0-9][0-9]* *| [0-9]' <<<"$output")" -eq "$n" "seq $n"
            assert "$output" =~ $'\n'"$n +\| $n"$'\n' "seq $n"
        done
    done
}

# ------------------------------------------------------------------------------- 21: the doctor

# need_cgroups: ./cgroups.so makes an ordinary directory look like cgroup v2; see manners.c. So
# limits are to be had on any machine; these tests are about what is said of them.
need_cgroups() {
    requires userns cc plain
    if ! ldd "$MC" >/dev/null 2>&1; then skip "a static program loads no library"; fi
    call "${CC:-cc}" -std=c11 -O1 -shared -fPIC -DCGROUPS -o cgroups.so \
        "$BATS_TEST_DIRNAME/manners.c" -ldl
    chmod 0755 cgroups.so
}

# with_cgroups CONTROLLERS SETUP WORD...: minicontainer WORD... where these are delegated to us.
with_cgroups() {
    local controllers=$1 setup=$2
    shift 2
    as_user call -any unshare --user --map-root-user --mount sh -ec '
        mount -t tmpfs none /sys/fs/cgroup && cd /sys/fs/cgroup
        # (What is written there lies over the blanks at its beginning.)
        echo "$1" >cgroup.controllers && printf "%40s %s\n" "" "$1" >cgroup.subtree_control
        : >cgroup.procs; eval "$2"; cd /
        export LD_PRELOAD="$3"; shift 3; exec "$@"' sh "$controllers" "$setup" "$PWD/cgroups.so" \
        "$MC" "$@"
}

@test "doctor: where no container can start it says so, and promises no lesson" {
    need_cgroups
    local none='echo 0 >/proc/sys/user/max_user_namespaces'
    # Limits need no namespace: so they work, and are of no use.
    with_cgroups "cpu memory pids" "$none" run --only limits --pids-limit 100 -- echo in
    works "the cgroups of manners.c do not fit this program: mend them"
    with_cgroups "cpu memory pids" "$none" doctor
    assert "$status" == 1
    assert "$output" =~ $'\n'"--pids-limit 100 +works"
    assert "$output" =~ ^"container +missing" "and it is said"
    assert "$(tail -n 3 <<<"$output")" !~ "work here: +[0-9]" "a lesson is promised"
    with_cgroups "cpu memory pids" "$none" doctor --porcelain
    assert "$output" has-line "lessons"$'\t'"none"
}

@test "doctor: which controllers are delegated, and how the others are" {
    need_cgroups
    local words
    with_cgroups "memory pids" true run --pids-limit 100 -- echo in
    works "the cgroups of manners.c do not fit this program: mend them"
    with_cgroups "memory pids" true doctor
    assert "$output" =~ $'\n'"--memory 64M +works"$'\n'"--cpus 0.5 +missing"$'\n' "what there is not"
    assert "$output" =~ $'\n'"--pids-limit 100 +works"$'\n' "what there is"
    assert "$(grep -A 2 '^--cpus' <<<"$output")" contains \
        "/etc/systemd/system/user@.service.d/delegate.conf"
    assert "$(grep '^Lessons that' <<<"$output")" lacks ,14 "lesson 14 wants all three"
    assert "$output" =~ "Delegate=cpu memory pids"
    for words in "run --cpus 0.5 -- true" "run --memory 50M --cpus 0.5 --pids-limit 9 -- true" \
        "lab --cpus 0.5 true"; do
        # shellcheck disable=SC2086  # words
        with_cgroups "memory pids" true $words
        assert "$status" == 125 "$words"
        assert "$stderr" =~ "cause:.*cpu" "$words"
        assert "$stderr" =~ "cure:.*delegate.conf" "$words"
        assert "$stderr" lacks "systemd-run" "that is the cure of something else"
    done
    # All three: nothing to cure.
    with_cgroups "cpu memory pids" true doctor
    assert "$output" lacks delegate.conf
    assert "$output" =~ $'\n'"--cpus 0.5 +works"$'\n'"--pids-limit 100 +works"
    assert "$(grep '^Lessons that' <<<"$output")" contains ,14
    # None of them: the other cause.
    with_cgroups "" true run --cpus 0.5 -- true
    assert "$status" == 125
}

# What the lessons need: "NN PROGRAM" a line.
needed_programs() {
    local page word number
    for page in "$MC_TREE"/lessons/[0-9]*/README.md; do
        number=${page#"$MC_TREE/lessons/"}
        for word in $(page_needs "$page"); do
            case $word in limits | timens | userns | overlay | bridge | tty | root | user) continue ;; esac
            echo "${number%%-*} $word"
        done
    done
}

# Takes programs away: an overlay over each directory of PATH, in a mount table of our own.
WITHOUT='mkdir -p over && mount -t tmpfs none over || exit 99
for dir in /usr/local/bin /usr/local/sbin /usr/bin /usr/sbin /bin /sbin; do
    if [ -h $dir ] || [ ! -d $dir ]; then continue; fi
    n=over/${dir##*/}.${#dir} && mkdir -p $n/u $n/w || exit 99
    mount -t overlay -o lowerdir=$dir,upperdir=$n/u,workdir=$n/w none $dir || exit 99
    for name in $1; do rm -f $dir/$name; done
done
shift
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin exec "$@"'

@test "doctor: it names the programs that lessons need and this machine has not" {
    requires userns overlay
    local needed programs number word
    needed=$(needed_programs)
    programs=$(cut -d ' ' -f 2 <<<"$needed" | sort -u)
    assert "$(wc -l <<<"$programs")" -ge 5 "programs in the lessons"
    as_user call -any unshare --user --map-root-user --mount sh -c "$WITHOUT" sh \
        "${programs//$'\n'/ }" "$MC" doctor
    assert "$status" -le 1
    while read -r number word; do
        assert "$(grep -cw -e "$word" <<<"$output")" -ge 1 "$word is named"
        # cc is of all lessons, so perhaps of none in particular.
        if [ "$word" = cc ]; then continue; fi
        assert "$(grep -w -e "$word" <<<"$output" | grep -cw "$number")" -ge 1 "$word: $number"
    done <<<"$needed"
    # One of them is missing: that one is named, and the others are not.
    word=$(cut -d ' ' -f 2 <<<"$needed" | sort | uniq -u | tail -n 1)
    as_user call -any unshare --user --map-root-user --mount sh -c "$WITHOUT" sh "$word" \
        "$MC" doctor
    assert "$(grep -cw -e "$word" <<<"$output")" -ge 1 "$word is named"
    for number in ipcs findmnt python3; do
        if [ "$number" = "$word" ] || [ -z "$(type -P "$number")" ]; then continue; fi
        assert "$(grep -cw -e "$number" <<<"$output")" -eq 0 "$number is there"
    done
}
