# 19-life.bats -- chapter 19: a container outlives its processes.
#
# Each test has a store of its own, and what it does in it is done by root and by an ordinary user.

load helpers
load session

# own_store WHO: a store of that person with base:latest: sh, and a few programs. $store is where.
own_store() {
    local who=$1
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data-$who TMPDIR=$BATS_TEST_TMPDIR
    kept_store "$who" build_base "$who" sh ls cat rm touch sleep wc mkdir true
    # In the words of each container: so its processes are found, whatever session they are in.
    mark=mark-$BATS_TEST_NUMBER-$who-$$
    # Says "ready", ends by TERM with 7, waits without a process that could be left.
    server="trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done #$mark"
}

# Processes whose command line has the mark. (The test's own shell has not.)
# shellcheck disable=SC2062  # these are files
ours() { grep -Flas --file=- /proc/[0-9]*/cmdline <<<"$mark" | cut -d / -f 3; }
# shellcheck disable=SC2016  # wait_for evaluates it
none_left() { wait_for '[ -z "$(ours)" ]' || { ours; return 1; }; }

# What `ps -a` says of container NAME: created, running, exited (N), killed; nothing: not there.
state() {
    $who mc ps -a >"$MC_STATE/ps"
    state=$(sed -n "s/^$1  *[^ ]*  *\(exited ([0-9]*)\|[a-z]*\) .*/\1/p" <<<"$output")
}
is() { state "$1"; assert "$state" == "$2" "$who: the state of $1"; }
# shellcheck disable=SC2016  # wait_for evaluates it
until_is() { # NAME STATE
    wanted=$2 named=$1
    wait_for 'state "$named" >/dev/null; [ "$state" = "$wanted" ]' || { is "$1" "$2"; }
}
# shellcheck disable=SC2016  # wait_for evaluates it
until_says() { # NAME TEXT: its log has it
    wanted=$2 named=$1
    wait_for '$who cat "$store/containers/$named/log" 2>/dev/null | grep -q -- "$wanted"'
}
supervisor() { $who cat "$store/containers/$1/lock" | cut -d ' ' -f 2; }
run_d() { $who mc run -d --image base "$@"; }
serve() { run_d --name "$1" -- sh -c "$server" && until_says "$1" ready; }

teardown() {
    session_end
    remove_containers
}

# ---------------------------------------------------------------------------------------------
# What is kept, and what is not
# ---------------------------------------------------------------------------------------------

@test "control: without a name nothing is kept, and nothing is listed" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc run --image base -- sh -c 'touch /mine; ls /mine'
        assert "$output" == /mine
        $who mc ps -a
        assert "${#lines[@]}" == 1 "$who: the heading alone"
        assert "${lines[0]}" =~ '^NAME +IMAGE +STATUS +COMMAND$'
        assert "$(ls -A "$store/containers")" == ""
    done
}

@test "a name keeps what it has written; start goes on with it; rm removes all of it" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc run --name one --image base -- sh -c 'echo x >>/starts; cat /starts'
        assert "$output" == x
        is one "exited (0)"
        $who mc start -a one
        assert "$output" == $'x\nx' "$who"
        $who mc start -a one
        assert "$output" == $'x\nx\nx' "$who"
        assert "$(ls "$store/containers")" == one
        $who mc rm one
        assert "$output$stderr" == ""
        is one ""
        assert "$(ls -A "$store/containers")" == "" "$who"
        # A new one of that name begins anew.
        $who mc run --name one --image base -- sh -c 'echo x >>/starts; cat /starts'
        assert "$output" == x "$who"
    done
}

@test "names are made up: box1, box2, and the first that is free" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc create --image base -- true
        assert "$output" == box1
        $who mc create --image base -- true
        assert "$output" == box2
        run_d -- sh -c "exit 0 #$mark"
        assert "$output" == box3
        $who mc rm box2
        $who mc create --image base -- true
        assert "$output" == box2
        $who mc ps -a
        assert "$(cut -d ' ' -f 1 <<<"$output" | paste -sd ,)" == NAME,box1,box2,box3
        none_left
    done
}

# ---------------------------------------------------------------------------------------------
# States
# ---------------------------------------------------------------------------------------------

@test "created, running, exited (N), and ps without -a lists those that run" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc create --name web --image base -- sh -c "$server"
        assert "$output" == web
        is web created
        $who mc ps
        assert "${#lines[@]}" == 1 "created is not running"
        $who mc start web
        assert "$output" == web
        until_says web ready
        is web running
        $who mc ps
        assert "${lines[1]}" =~ "^web +base:latest +running +sh -c trap"
        $who mc stop web
        is web "exited (7)"
        $who mc ps
        assert "${#lines[@]}" == 1 "exited is not running"
        none_left
    done
}

@test "an end by itself: its own status; by a signal 128 and its number" {
    local who n
    for who in $(people); do
        own_store "$who"
        for n in 0 1 42 125 255; do
            run_d --name "c$n" -- sh -c "exit $n #$mark"
            until_is "c$n" "exited ($n)"
        done
        run_d --name sig -- sh -c "kill -9 \$\$ #$mark"
        until_is sig "exited (137)"
        $who mc -5 run --name here --image base -- sh -c 'exit 5'
        is here "exited (5)"
        $who mc -5 start -a here
        none_left
    done
}

@test "kill -9 of the supervisor: the container ends, ps says killed, start goes on with its files" {
    local who init
    for who in $(people); do
        own_store "$who"
        for init in --init --no-init; do
            run_d --name "k$init" $init -- sh -c "echo x >>/starts; wc -l </starts; $server"
            until_says "k$init" ready
            $who kill -9 "$(supervisor "k$init")"
            none_left
            until_is "k$init" killed
            $who mc ps
            assert "${#lines[@]}" == 1 "$who"
            $who mc -125 exec "k$init" -- true
            $who mc start "k$init"
            until_says "k$init" 2
            is "k$init" running
            $who mc rm -f "k$init"
            none_left
        done
    done
}

@test "start of a killed one whose supervisor's number is another's by now: that one is left alone" {
    local who pid
    for who in $(people); do
        own_store "$who"
        serve web
        $who kill -9 "$(supervisor web)"
        until_is web killed
        sleep 1000 3>&- 4>&- &
        pid=$!
        $who sh -c "echo started $pid >'$store/containers/web/lock'"
        is web killed
        $who mc stop web
        $who mc rm -f web
        kill -0 "$pid" || fail "$who: the process of another was ended"
        kill "$pid"
    done
}

# ---------------------------------------------------------------------------------------------
# run -d
# ---------------------------------------------------------------------------------------------

@test "run -d says its name when the command runs, in a session without a terminal" {
    local who
    for who in $(people); do
        own_store "$who"
        run_d --name web -- sh -c "cat; (: </dev/tty) 2>/dev/null || echo no terminal; $server" \
            <<<"not for it"
        assert "$output" == web
        assert "$stderr" == ""
        until_says web ready
        $who mc logs web
        assert "$output" == $'no terminal\nready' "$who: and its stdin is empty"
        assert "$(cut -d ' ' -f 6 "/proc/$(supervisor web)/stat")" == "$(supervisor web)" session
        $who mc rm -f web
        none_left
    done
}

@test "run -d of what cannot be executed: 127 or 126, why, and the container is kept" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc -127 run -d --name a --image base -- nope
        assert "$output" == ""
        assert "$stderr" == "minicontainer: nope: not found in the PATH of base"
        is a "exited (127)"
        $who mc logs a
        assert "$output" == "minicontainer: nope: not found in the PATH of base"
        $who mc -127 run -d --name b --image base -- /nope/nope
        assert "$stderr" == "minicontainer: /nope/nope: not found in base"
        $who mc -126 run -d --name c --image base -- /bin
        assert "$stderr" == "minicontainer: /bin: Permission denied (EACCES), in base"
        is c "exited (126)"
        # start says the same, and only what is new in the log.
        $who mc -127 start a
        assert "$output" == ""
        assert "$stderr" == "minicontainer: nope: not found in the PATH of base"
        $who mc -127 start -a a
        $who mc logs a
        assert "${#lines[@]}" == 2
        # Control: in the foreground it is the same.
        $who mc -127 run --image base -- nope
    done
}

@test "run -d, start: what fails inside before the command is said, and 125" {
    local who
    for who in $(people); do
        own_store "$who"
        # Control: in the foreground.
        $who mc -125 run --image base -w /nope -- true
        assert "$stderr" contains 'no "/nope" inside'
        $who mc -125 run -d --name c --image base -w /nope -- true
        assert "$stderr" contains 'no "/nope" inside'
        assert "$output" == ""
        $who mc -125 start c
        is c "exited (125)"
    done
}

@test "run -d with what is refused before it is made: 125, and no container is left" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc -125 run -d --image nope -- true
        assert "${stderr_lines[0]}" == "minicontainer: there is no image nope here"
        $who mc -125 run -d -- true
        assert "$stderr" == "minicontainer: what is kept is what a container writes on top of an \
image: -d and --name want --image NAME
  try:    minicontainer run -d --image true"
        $who mc -125 run --name x -- true
        assert "$stderr" contains "what is kept"
        $who mc -125 run -d --image ./make -- true
        assert "$stderr" contains "what is kept"
        $who mc -125 run --nope -d --image base -- true
        $who mc -125 run -d --name ../x --image base -- true
        assert "$stderr" == "minicontainer: \"../x\" cannot be the name of a container: \
small letters, digits, and . _ -"
        assert "$(ls -A "$store/containers")" == "" "$who"
        $who mc run --name one --image base -- true
        $who mc -125 run -d --name one --image base -- true
        assert "$stderr" == "minicontainer: there is a container one already
  try:    minicontainer start one, or: minicontainer rm one"
    done
}

@test "run -d with stdin, stdout, stderr closed" {
    local who how
    for who in $(people); do
        own_store "$who"
        for how in '<&-' '<&- >&-' '<&- >&- 2>&-' '>&- 2>&-'; do
            $who call -any sh -c "'$MC' run -d --name web --image base -- sh -c \"\$1\" $how" sh "$server"
            until_says web ready
            $who mc logs web
            assert "$output" == ready "$who $how"
            $who mc stop web
            is web "exited (7)"
            $who mc rm web
        done
        none_left
    done
}

@test "run -d at a terminal: the prompt is back, and the container stays when the window is closed" {
    requires tty
    local who
    for who in $(people); do
        own_store "$who"
        $who session_start
        session_prompt
        session_type "export XDG_DATA_HOME=$XDG_DATA_HOME"
        session_prompt
        session_type "minicontainer run -d --name web --image base -- sh -c 'echo ready; exec cat /dev/zero >/dev/null #$mark'"
        session_prompt
        assert "$output" ends web "$who"
        until_says web ready
        # ^C at the prompt is not for it.
        session_key '\003'
        session_prompt
        session_type 'echo still here'
        session_wait $'\nstill here'
        is web running
        session_end
        is web running
        $who mc stop web
        is web "exited (143)"
        $who mc rm web
        none_left
    done
}

# ---------------------------------------------------------------------------------------------
# start
# ---------------------------------------------------------------------------------------------

@test "options, environment, working directory as typed hold at start" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mkdir -p "$XDG_DATA_HOME/here/sub"
        $who sh -c "echo host >'$XDG_DATA_HOME/here/sub/file'"
        cd "$XDG_DATA_HOME/here"
        X=outside $who mc create --name c -e X=1 -e 'Y=a "b" \ c' -w /bin --hostname web \
            --read-only -v ./sub:/sub:ro --image base -- \
            sh -c 'pwd; echo "$X $Y"; cat /proc/sys/kernel/hostname /sub/file; touch /x'
        cd "$BATS_TEST_TMPDIR"
        X=2 Y=3 $who mc -1 start -a c
        assert "$output" == $'/bin\n1 a "b" \\ c\nweb\nhost' "$who"
        assert "$stderr" contains "Read-only file system"
        $who mc start c
        until_is c "exited (1)"
        $who mc logs c
        assert "$output" starts $'/bin\n1 a "b" \\ c\nweb\nhost' "$who"
    done
}

@test "start twice: the second one is refused; of two at once, one is" {
    local who i
    for who in $(people); do
        own_store "$who"
        serve web
        $who mc -125 start web
        assert "$stderr" == "minicontainer: container web runs"
        $who mc -125 start -a web
        assert "$stderr" == "minicontainer: container web runs"
        is web running
        $who mc stop web
        for i in 1 2 3; do
            ($who mc -any start web && echo "$status" >rc-a) >a &
            ($who mc -any start web && echo "$status" >rc-b) >b &
            wait
            assert "$(sort -n rc-a rc-b | paste -sd ,)" == 0,125 "$who"
            assert "$(cat a b)" contains "minicontainer: container web runs"
            is web running
            # (Till its trap is set, TERM would end it.)
            wait_for '[ "$(grep -c ready "$store/containers/web/log")" = $((i + 1)) ]'
            $who mc stop web
            is web "exited (7)"
        done
        $who mc logs web
        assert "$(grep -c ready <<<"$output")" == 4 "$who: one start each"
        none_left
    done
}

@test "two with one name at once: one is made" {
    local who i
    for who in $(people); do
        own_store "$who"
        for i in 1 2 3; do
            ($who mc -any create --name c --image base -- true >a) &
            ($who mc -any create --name c --image base -- true >b) &
            wait
            assert "$(cat a b | grep -cx c)" == 1 "$who"
            assert "$(cat a b)" contains "there is a container c already"
            $who mc rm c
        done
    done
}

@test "from a directory that is then removed: said, and made again it starts" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mkdir "$XDG_DATA_HOME/d"
        cd "$XDG_DATA_HOME/d"
        $who mc create --name c --image base -- sh -c 'echo here'
        cd "$BATS_TEST_TMPDIR"
        rmdir "$XDG_DATA_HOME/d"
        $who mc -125 start -a c
        assert "$stderr" == "minicontainer: it was made in $XDG_DATA_HOME/d: No such file or directory"
        is c created
        $who mkdir "$XDG_DATA_HOME/d"
        $who mc start -a c
        assert "$output" == here
    done
}

@test "start of one whose image's name is gone, or leads to another image now" {
    local who
    for who in $(people); do
        own_store "$who"
        mkdir -p recipe
        printf 'FROM base\nENV A=1\nCMD ["/bin/sh","-c","echo I am $A"]\n' >recipe/Dockerfile
        $who mc build -t two recipe
        $who mc create --name c --image two
        # Not while it alone leads to it.
        $who mc -125 rmi two
        assert "$stderr" == "minicontainer: container c is made of two:latest
  try:    minicontainer rm c"
        sed -i s/A=1/A=2/ recipe/Dockerfile
        $who mc build -t two recipe
        $who mc start -a c
        assert "$output" == "I am 1" "$who: what it was made of"
        $who mc run --image two
        assert "$output" == "I am 2" "control"
        $who mc rmi two
        $who mc start -a c
        assert "$output" == "I am 1" "$who: no name leads to it any more"
        $who mc rm c
        # And with the last container the image's own files are gone.
        assert "$(find "$store/layers" -mindepth 1 -maxdepth 1 | wc -l)" == 1 "$who"
    done
}

# ---------------------------------------------------------------------------------------------
# logs
# ---------------------------------------------------------------------------------------------

@test "logs: stdout and stderr in order, and those of two starts one after the other" {
    local who
    for who in $(people); do
        own_store "$who"
        run_d --name c -- sh -c "echo 1; echo 2 >&2; echo 3; echo 4 >&2; printf 'no newline' #$mark"
        until_is c "exited (0)"
        $who mc logs c
        assert "$output" == $'1\n2\n3\n4\nno newline' "$who"
        assert "$stderr" == ""
        $who mc start c
        until_is c "exited (0)"
        $who mc logs c
        assert "$output" == $'1\n2\n3\n4\nno newline1\n2\n3\n4\nno newline' "$who"
        # In the foreground it is said, not kept.
        $who mc start -a c
        assert "$output" == $'1\n3\nno newline'
        assert "$stderr" == $'2\n4'
        $who mc logs c
        assert "$(wc -l <<<"$output")" == 9 "$who"
        # Nothing said, nothing there.
        $who mc create --name n --image base -- true
        $who mc logs n
        $who mc logs -f n
        assert "$output$stderr" == ""
    done
}

@test "logs -f shows what comes, and ends with the container" {
    local who i
    for who in $(people); do
        own_store "$who"
        $who mkdir "$XDG_DATA_HOME/d"
        run_d --name c -v "$XDG_DATA_HOME/d:/d" -- \
            sh -c "echo begun; until [ -e /d/go ]; do sleep 0.02; done; echo last; exit 3 #$mark"
        until_says c begun
        ($who mc logs -f c >followed) &
        # (Its output goes to a file: it was flushed before the container went on.)
        wait_for 'cat "$MC_STATE"/out.* 2>/dev/null | grep -qx begun'
        $who touch "$XDG_DATA_HOME/d/go"
        wait
        assert "$(tail -n 2 followed)" == $'begun\nlast' "$who"
        is c "exited (3)"
        # Of one that has ended it shows all, and does not wait.
        $who mc logs -f c
        assert "$output" == $'begun\nlast'
        none_left
    done
}

# ---------------------------------------------------------------------------------------------
# stop
# ---------------------------------------------------------------------------------------------

@test "stop passes TERM on, waits for its end, and is content with one that does not run" {
    local who
    for who in $(people); do
        own_store "$who"
        serve web
        $who mc stop web
        assert "$output$stderr" == ""
        is web "exited (7)"
        none_left
        $who mc logs web
        assert "$output" == $'ready\nbye' "$who"
        $who mc stop web
        is web "exited (7)"
        $who mc create --name c --image base -- true
        $who mc stop c
        is c created
        # One that has no handler: init passes it on, and it ends.
        run_d --name s -- sleep 1000
        $who mc stop s
        is s "exited (143)"
    done
}

@test "stop of a PID 1 that does not listen: KILL after its time, and why" {
    local who
    for who in $(people); do
        own_store "$who"
        run_d --name deaf --no-init -- sh -c "echo ready; while :; do sleep 0.05; done #$mark"
        until_says deaf ready
        $who mc stop -t 1 deaf
        assert "$output" == ""
        assert "$stderr" contains "seconds after SIGTERM it still runs: SIGKILL
  cause:  a command that is PID 1 hears no signal that it has no handler for (--no-init); or it takes its time
  lesson: lessons/03-pid"
        is deaf "exited (137)"
        none_left
        # -t 0: at once; one that would listen is not asked.
        serve web
        $who mc stop -t 0 web
        assert "$stderr" == ""
        is web "exited (137)"
        $who mc logs web
        assert "$output" == ready
        none_left
        # Control: PID 1 that has a handler hears it.
        run_d --name hears --no-init -- sh -c "$server"
        until_says hears ready
        $who mc stop hears
        is hears "exited (7)"
    done
}

@test "stop without -t gives it ten seconds, and says so" {
    local who
    own_store self
    who=self
    run_d --name deaf --no-init -- sh -c "echo ready; while :; do sleep 0.05; done #$mark"
    until_says deaf ready
    mc stop deaf
    assert "$stderr" starts "minicontainer: note: 10 seconds after SIGTERM it still runs: SIGKILL"
    is deaf "exited (137)"
}

@test "stop -t wants a number of seconds" {
    local who word
    for who in $(people); do
        own_store "$who"
        serve web
        for word in x -1 1x '' 99999999999; do
            $who mc -125 stop -t "$word" web
            is web running
        done
        $who mc rm -f web
    done
}

# ---------------------------------------------------------------------------------------------
# rm, exec
# ---------------------------------------------------------------------------------------------

@test "rm of a running one is refused; rm -f ends it first" {
    local who
    for who in $(people); do
        own_store "$who"
        serve web
        $who mc -125 rm web
        assert "$stderr" == "minicontainer: container web runs
  try:    minicontainer stop web"
        is web running
        $who mc exec web -- sh -c 'echo its files are there'
        $who mc rm -f web
        assert "$output$stderr" == "" "$who"
        is web ""
        none_left
        assert "$(ls -A "$store/containers")" == ""
        # -f of one that does not run.
        $who mc create --name c --image base -- true
        $who mc rm -f c
        is c ""
    done
}

@test "rm of one with files of other modes and a directory that nobody may read" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc run --name c --image base -- sh -c 'mkdir -p /d/e; touch /d/e/f; rm /bin/wc; mkdir /m
            touch /m/x; umask 777; mkdir /d/none; touch /d/g'
        $who mc rm c
        assert "$(ls -A "$store/containers")" == "" "$who"
    done
}

@test "what a kill -9 left of create, or of rm: ps -a lists the others, and its name can be freed" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc create --name whole --image base -- true
        # As create has made it, before its first file; or rm, after its last.
        $who mkdir "$store/containers/half"
        $who mc ps -a
        assert "$output" contains whole "$who"
        $who mc -any rm half
        $who mc create --name half --image base -- true
        # And without the file `command`.
        $who rm "$store/containers/half/command"
        $who mc ps -a
        assert "$output" contains whole "$who"
        $who mc rm half
        assert "$(ls "$store/containers")" == whole "$who"
    done
}

@test "exec by name: in the container, with its files; of one that does not run it is refused" {
    local who
    for who in $(people); do
        own_store "$who"
        serve web
        $who mc exec web -- sh -c 'echo from exec >/file; cat /file'
        assert "$output" == "from exec"
        $who mc -3 exec web sh -c 'exit 3'
        $who mc diff web
        assert "$output" == "A /file" "$who"
        $who mc stop web
        $who mc -125 exec web -- true
        assert "${stderr_lines[0]}" contains 'there is no running container "web"'
        $who mc start web
        $who mc exec web -- cat /file
        assert "$output" == "from exec"
        $who mc rm -f web
        $who mc -125 exec web -- true
    done
}

@test "exec of a name that nobody has: said as by the others" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc -125 exec nope -- true
        assert "$stderr" lacks "open("
        assert "${stderr_lines[0]}" contains "nope"
    done
}

# ---------------------------------------------------------------------------------------------
# Errors
# ---------------------------------------------------------------------------------------------

@test "each command without its words, with a name that is none, that cannot be one" {
    local who command words
    for who in $(people); do
        own_store "$who"
        for command in logs start stop rm; do
            for words in '' 'a b c d' '-x' '-x nope' 'nope -x' '--nope'; do
                # (Of several names the first is looked for.)
                if [[ "$command $words" =~ ^(stop|rm)\ a ]]; then continue; fi
                # shellcheck disable=SC2086  # words
                $who mc -125 "$command" $words
                assert "$stderr" == "$(other_words "$command")" "$command $words"
            done
            $who mc -125 "$command" nope
            assert "$stderr" == "minicontainer: there is no container nope here
  try:    minicontainer ps -a"
            $who mc -125 "$command" ../containers
            assert "$stderr" contains '"../containers" cannot be the name of a container'
            $who mc -125 "$command" $'a\e[1m'
            assert "$stderr" lacks $'\e'
        done
        for command in 'ps x' 'ps -a x' 'ps x -a' 'ps -x'; do
            # shellcheck disable=SC2086  # words
            $who mc -125 $command
            assert "$stderr" == "$(other_words ps)" "$command"
        done
        for command in 'stop -t 3' 'stop -t' 'stop nope -t'; do
            # shellcheck disable=SC2086  # words
            $who mc -125 $command
            assert "$stderr" == "$(other_words stop)" "$command"
        done
        $who mc -125 create
        assert "$stderr" contains "--name want --image NAME"
        $who mc -125 create --image nope
        assert "${stderr_lines[0]}" == "minicontainer: there is no image nope here"
        assert "$(ls -A "$store/containers")" == "" "$who"
    done
}

@test "flags may stand before the name or behind it" {
    local who words logs
    for who in $(people); do
        own_store "$who"
        for words in '-a c' 'c -a'; do
            $who mc create --name c --image base -- sh -c 'echo said'
            # shellcheck disable=SC2086  # words
            $who mc start $words
            assert "$output" == said "$who start $words"
            $who mc rm c
        done
        for words in '-t 0 web' 'web -t 0'; do
            serve web
            # shellcheck disable=SC2086  # words
            $who mc stop $words
            is web "exited (137)"
            for logs in '-f web' 'web -f'; do
                # shellcheck disable=SC2086  # words
                $who mc logs $logs
                assert "$output" == ready "$who logs $logs"
            done
            $who mc rm web
        done
        for words in '-f web' 'web -f'; do
            serve web
            # shellcheck disable=SC2086  # words
            $who mc rm $words
            is web ""
        done
        none_left
    done
}

@test "ps --porcelain: by tabs, nothing is cut, no heading" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc create --name c --image base -- sh -c 'exit 3; a command that is longer than a column'
        $who mc -3 start -a c
        $who mc create --name d --image base
        $who mc ps --porcelain
        assert "$output" == ""
        $who mc ps -a --porcelain
        assert "$output" == $'c\tbase:latest\texited (3)\tsh -c exit 3; a command that is longer than a column\nd\tbase:latest\tcreated\t/bin/sh'
        none_left
    done
}

@test "stop and rm take several names" {
    local who
    for who in $(people); do
        own_store "$who"
        serve one
        serve two
        $who mc stop one two
        is one "exited (7)"
        is two "exited (7)"
        serve three
        $who mc -125 rm one three two
        assert "$stderr" contains "container three runs"
        $who mc rm -f three two
        $who mc ps -a
        assert "${#lines[@]}" == 1
        none_left
    done
}

@test "what stands in the lock: nothing yet, started PID, exited (N)" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc create --name c --image base -- sh -c 'exit 3'
        assert "$($who ls "$store/containers/c")" == $'command\nimage\nupper\nwork' "$who"
        $who mc -3 start -a c
        assert "$($who cat "$store/containers/c/lock")" starts "exited (3)" "$who"
        serve web
        assert "$($who cat "$store/containers/web/lock")" =~ '^started [0-9]+ *$' "$who"
        kill -0 "$(supervisor web)"
        $who mc stop -t 0 web
        assert "$($who cat "$store/containers/web/lock")" starts "exited (137)" "$who"
        none_left
    done
}

@test "capital letters are refused, as the message says" {
    local who
    for who in $(people); do
        own_store "$who"
        $who mc -125 create --name Web --image base -- true
        assert "$stderr" contains '"Web" cannot be the name of a container'
    done
}

@test "before there is a store: nothing is listed, nothing is made" {
    local who command
    for who in $(people); do
        export XDG_DATA_HOME=$BATS_TEST_TMPDIR/empty
        for command in 'ps' 'ps -a'; do
            # shellcheck disable=SC2086  # words
            $who mc $command
            assert "${#lines[@]}" == 1
        done
        for command in start stop logs rm; do $who mc -125 "$command" x; done
        assert "$(ls "$XDG_DATA_HOME" 2>&1)" contains "No such file"
    done
}

@test "a store that another user owns: refused, and nothing of it is changed" {
    requires user root
    local before who=self
    own_store self
    chmod -R a+rX "$XDG_DATA_HOME" 2>/dev/null
    mc create --name c --image base -- true
    chmod a+rx "$store" "$store/containers" "$store/containers/c"
    before=$(find "$store" -printf '%p %M %U %s\n' | sort)
    for command in 'run -d --image base -- true' 'create --image base' 'start c' 'rm c' 'rm -f c'; do
        # shellcheck disable=SC2086  # words
        as_user mc -125 $command
        assert "$stderr" contains "EACCES" "$command"
    done
    assert "$(find "$store" -printf '%p %M %U %s\n' | sort)" == "$before"
    is c created
}

# ---------------------------------------------------------------------------------------------
# Nothing is left behind
# ---------------------------------------------------------------------------------------------

@test "nothing is left behind: no process, no mount, no cgroup, no file outside of the store" {
    local who before
    for who in $(people); do
        own_store "$who"
        before=$(fingerprint | sed '/^\[working directory\]/,$d')
        serve web
        $who mc exec web -- true
        $who mc stop web
        $who mc start web
        $who kill -9 "$(supervisor web)"
        until_is web killed
        $who mc start web
        $who mc rm -f web
        none_left
        assert "$(fingerprint | sed '/^\[working directory\]/,$d')" == "$before" "$who"
        # The store is as empty as before.
        assert "$(ls -A "$store/containers")" == "" "$who"
        assert "$(ls -d "$store/volumes" 2>/dev/null)" == "" "$who: made with the first volume"
    done
}

@test "with --pids-limit: no cgroup is left, by stop, by rm -f" {
    requires limits
    local before who=self
    own_store self
    before=$(cgroup_directories)
    run_d --name l --pids-limit 20 -- sh -c "$server"
    until_says l ready
    mc stop l
    assert "$(cgroup_directories)" == "$before"
    mc start l
    mc rm -f l
    none_left
    # After KILL it is the next one that tidies up.
    mc run --pids-limit 20 -- true
    assert "$(cgroup_directories)" == "$before"
}
