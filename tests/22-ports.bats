# 22-ports.bats -- chapter 22: a way in.
#
# Servers and callers are those of ports.py. Each test takes ports that are free just now.

load helpers
load session

setup() {
    mc_setup
    requires userns python3
    install -m 0644 "$BATS_TEST_DIRNAME/ports.py" ports.py
    read -r port second third < <(ports free 3)
    limit=()
}

teardown() {
    kill_left
    session_end
    remove_containers
    jobs -p | xargs -r kill 2>/dev/null || true
}

# A caller, out of here, with its time limit.
ports() { timeout "$MC_TIMEOUT" python3 ports.py "$@" 3>&- 4>&-; }

# begin WORD...: minicontainer WORD... in the background, in a session of its own. What it says goes to
# the file "said".
begin() {
    (umask 0 && : >said)
    (
        remember_session
        # shellcheck disable=SC2031  # a list of the test's
        exec setsid ${MC_AS[@]+"${MC_AS[@]}"} ${limit[@]+"${limit[@]}"} "$MC" "$@"
    ) >said 2>&1 3>&- 4>&- </dev/null &
    supervisor=$!
    disown "$supervisor"
}

# until_said TEXT: a line of "said" is that; or the program has ended, and the test fails.
until_said() {
    wanted=$1
    wait_for 'grep -qx -- "$wanted" said || ! kill -0 "$supervisor" 2>/dev/null'
    grep -qx -- "$wanted" said || { cat said && fail "it has never said: $wanted"; }
}

# serve HOW OPTION... [-- ADDRESS MB]: a server at port 80 of a container.
serve() {
    local how=$1 options=()
    shift
    while [ "$#" -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
    begin run -v "$PWD/ports.py:/mnt/ports.py:ro" "${options[@]}" -- \
        python3 /mnt/ports.py serve "$how" 80 "${@:2}"
    until_said serving
}

# finish [SIGNAL]: the end of what begin() has begun; nothing is left.
finish() {
    kill "-${1-TERM}" "$supervisor" 2>/dev/null || true
    wait_for '! kill -0 "$supervisor" 2>/dev/null'
    supervisor=
    no_process_left
}

# listeners PORT: the addresses at which somebody listens there.
listeners() {
    local at
    printf -v at '%04X' "$1"
    sed -nE "s/^ *[0-9]+: (..)(..)(..)(..):$at 0{8}:0{4} 0A .*/\4 \3 \2 \1/p" /proc/net/tcp |
        while read -r -a at; do echo "$((16#${at[0]})).$((16#${at[1]})).$((16#${at[2]})).$((16#${at[3]}))"; done
}

# Children of the supervisor: the porter, and PID 1 of the container.
porter() { pgrep -P "$supervisor" -x porter; }
# (Before it is our program, the supervisor is a shell, with children of its own.)
first() { pgrep -o -P "$supervisor" '^(minicontainer|init|sleep|python3)'; }

descriptors() { find "/proc/$(porter)/fd" -type l 2>/dev/null | wc -l; }

# What the porter has used of a processor, in ticks: its own time, and that of its calls.
ticks() { awk '{ print $14 + $15 }' "/proc/$(porter)/stat"; }

# The porter waits, and does nothing: for a second it uses nothing, whatever else this machine does.
at_rest() {
    local before
    before=$(ticks)
    sleep 1
    assert "$(ticks)" == "$before" "the porter works, and there is nothing to do"
}

# calls N: so many at once, all held until hang_up. Their answers are lines of "held".
calls() {
    [ -p go ] || mkfifo go
    : >held # (who opens a pipe waits for the other: until then it is that of the calls before)
    ports hold "$port" "$1" <go >held &
    callers=$!
    exec 7>go
}
hang_up() {
    exec 7>&-
    wait "$callers"
}
heard() { grep -c "^${1-}" held; }

# links, addresses, routes of this machine, and whether it forwards
machine() {
    ip -o link 2>/dev/null | cut -d : -f 2
    ip -o addr 2>/dev/null | awk '{ print $2, $4 }'
    ip route 2>/dev/null
    cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/forwarding
    nft list ruleset 2>/dev/null || true
}

# ---------------------------------------------------------------------------------------------
# A call goes in
# ---------------------------------------------------------------------------------------------

@test "control: without -p a server in a container is reached by nobody outside" {
    serve echo -p "$second:80"
    assert "$(listeners 80)" != "0.0.0.0 172.17.0.2"
    assert "$(ports ask 80 x 2>&1)" contains refused
    finish
    serve echo --hostname none
    assert "$(listeners "$port")" == ""
    assert "$(ports ask "$port" x 2>&1)" contains refused
    finish
}

@test "a call from outside reaches the server inside, and the answer comes back" {
    local who
    for who in $(people); do
        for option in "-p $port:80" "--publish $port:80" "--publish=$port:80" "-p 127.0.0.1:$port:80"; do
            # shellcheck disable=SC2086  # words
            $who serve echo $option
            assert "$(ports ask "$port" "hello $who")" == "hello $who"
            assert "$(listeners "$port")" == 127.0.0.1 "for this machine alone"
            finish
            assert "$(listeners "$port")" == ""
        done
    done
}

@test "an address is the one that was asked for; 0.0.0.0 is all of them" {
    serve echo -p "127.0.0.5:$port:80" -p "0.0.0.0:$second:80"
    assert "$(listeners "$port")" == 127.0.0.5
    assert "$(listeners "$second")" == 0.0.0.0
    assert "$(ports ask "$port" x 2>&1)" contains refused
    assert "$(ports ask "$second" x)" == x
    assert "$(timeout "$MC_TIMEOUT" bash -c "exec 3<>/dev/tcp/127.0.0.5/$port
        echo five >&3; head -n 1 <&3")" == five
    finish
}

@test "eight ports, each to its own; a ninth is refused" {
    local who i many=() at
    read -r -a at < <(ports free 9)
    for i in {0..7}; do many+=(-p "${at[i]}:$((80 + i % 2))"); done
    for who in $(people); do
        $who begin run -v "$PWD/ports.py:/mnt/ports.py:ro" "${many[@]}" -- sh -c \
            'python3 /mnt/ports.py serve count 81 & exec python3 /mnt/ports.py serve echo 80'
        wait_for '[ "$(grep -c serving said)" = 2 ]'
        for i in 0 2 4 6; do assert "$(ports ask "${at[i]}" "x$i")" == "x$i" "$who"; done
        for i in 1 3 5 7; do assert "$(ports ask "${at[i]}" xyz)" starts "3 " "$who"; done
        finish
    done
    mc -125 run "${many[@]}" -p "${at[8]}:80" -- touch /mnt/begun
    assert "${stderr_lines[0]}" contains "-p \"${at[8]}:80\": "
    assert "$stderr" contains eight
    for i in {0..8}; do assert "$(listeners "${at[i]}")" == ""; done
}

@test "with each isolation but net left out, and as PID 1" {
    local options
    for options in "--only net" "--only net,user" --no-pid --no-root --no-mnt --no-proc --no-caps --no-init \
        --no-seccomp --privileged --no-user; do
        if [ "$options" = "--only net" ] && [ "$(id -u)" != 0 ]; then continue; fi
        if [ "$options" = --no-user ] && [ "$(id -u)" != 0 ]; then continue; fi
        # shellcheck disable=SC2086  # words
        begin run $options -p "$port:80" -- python3 -c "$(<ports.py)" serve echo 80
        until_said serving
        assert "$(ports ask "$port" x)" == x "$options"
        finish KILL # (a PID 1 without an init is deaf to others)
    done
}

# ---------------------------------------------------------------------------------------------
# How a call ends
# ---------------------------------------------------------------------------------------------

@test "a caller that has said all still hears the answer" {
    local who
    for who in $(people); do
        $who serve count -p "$port:80"
        assert "$(ports ask "$port" abc)" == "3 $(printf abc | sha256sum | cut -d ' ' -f 1)" "$who"
        assert "$(ports ask "$port" "")" starts "0 " "an end, and nothing before it"
        finish
    done
}

@test "a server that has said all still hears the caller" {
    local who
    for who in $(people); do
        $who serve hello -p "$port:80"
        assert "$(ports listen "$port" 3000000)" == hello "$who"
        until_said "came 3000000"
        assert "$(ports listen "$port" 0)" == hello
        until_said "came 0"
        finish
    done
}

@test "both ways at once, much of it: each byte comes, once, in its order" {
    local who mb=${PORTS_MB:-200} sent
    for who in $(people); do
        $who serve both -p "$port:80" -- 0.0.0.0 "$mb"
        ports both "$port" "$mb" >caller
        wait_for 'grep -q "^server got" said'
        cat caller said
        sent=$(sed -n 's/^caller sent //p' caller)
        assert "$sent"
        assert "$(sed -n 's/^server got //p' said)" == "$sent" "$who"
        sent=$(sed -n 's/^server sent //p' said)
        assert "$sent"
        assert "$(sed -n 's/^caller got //p' caller)" == "$sent" "$who"
        finish
    done
}

@test "a server that is stopped: its call waits, others do not, and nothing is lost" {
    local who sleeper
    for who in $(people); do
        $who begin run -v "$PWD/ports.py:/mnt/ports.py:ro" -p "$port:80" -p "$second:81" -- sh -c \
            'python3 /mnt/ports.py serve both 80 0.0.0.0 80 & exec python3 /mnt/ports.py serve echo 81'
        wait_for '[ "$(grep -c serving said)" = 2 ]'
        sleeper=$(pgrep -s "$supervisor" -f 'serve both 80 0.0.0.0 80' | tail -n 1)
        kill -STOP "$sleeper"
        ports both "$port" 80 >caller &
        assert "$(ports ask "$second" awake)" == awake "$who"
        # Until nothing more fits on the way to the server.
        wait_for '[ "$(ss -Htn "dst 127.0.0.1:$port" | awk '"'\$3 > 0'"' | wc -l)" = 1 ]'
        at_rest
        assert "$(ports ask "$second" awake)" == awake "$who"
        assert "$(cat caller)" == ""
        kill -CONT "$sleeper"
        wait "$!"
        wait_for 'grep -q "^server got" said'
        assert "$(sed -n 's/^caller got //p' caller)" == "$(sed -n 's/^server sent //p' said)"
        assert "$(sed -n 's/^server got //p' said)" == "$(sed -n 's/^caller sent //p' caller)"
        finish
    done
}

@test "a caller that never reads holds up nobody else, and costs nothing" {
    local who
    mkfifo go
    for who in $(people); do
        $who serve echo -p "$port:80"
        ports idle "$port" <go >idler &
        exec 7>go
        wait_for 'grep -q full idler'
        at_rest
        assert "$(ports ask "$port" x)" == x "$who"
        exec 7>&-
        wait "$!"
        assert "$(ports ask "$port" x)" == x "$who"
        finish
    done
}

@test "a server that hangs up without reading: the caller is not left waiting" {
    local i
    serve early -p "$port:80"
    for i in {1..10}; do
        ports push "$port" 5 >pushed 2>&1 || cat pushed
    done
    at_rest
    finish
}

@test "nobody listens inside: the caller is hung up, and a note says why, once" {
    local who i
    for who in $(people); do
        $who serve echo -p "$port:80" -p "$second:81" -- 127.0.0.1
        for i in 1 2 3; do
            assert "$(ports ask "$port" x 2>&1)" lacks x "a server on 127.0.0.1 is for those inside"
            ports ask "$second" x >/dev/null 2>&1 || true
        done
        wait_for 'grep -q "lesson: lessons/22-ports" said'
        finish
        assert "$(grep -c 'note: --publish .*:8[01]: nobody listens' said)" == 1 "$who"
        assert "$(<said)" contains "127.0.0.1"
    done
    # Control: the same server on the address that it has outside of lo.
    serve echo -p "$port:80" -- 172.17.0.2
    assert "$(ports ask "$port" x)" == x
    finish
    assert "$(<said)" lacks note
}

# ---------------------------------------------------------------------------------------------
# Many at once
# ---------------------------------------------------------------------------------------------

# crowd N: so many calls are held at once, each of which was answered; then they end.
crowd() {
    local before
    serve echo -p "$port:80"
    before=$(descriptors) # (where we may know them)
    calls "$1"
    wait_for "[ \"\$(heard)\" = $1 ]"
    assert "$(heard answered)" == "$1"
    at_rest
    assert "$(ports ask "$port" "one more")" == "one more"
    hang_up
    wait_for "[ \"\$(descriptors)\" = $before ]"
    assert "$(ports ask "$port" "and later")" == "and later"
    finish
}

@test "1,000 calls at once" {
    local who
    for who in $(people); do $who crowd 1000; done
}

@test "1,500 calls at once" {
    local who
    for who in $(people); do $who crowd 1500; done
}

@test "of 2,300 calls 2,000 are held, and the others hung up at once" {
    if [ "$(ulimit -Hn)" != unlimited ] && [ "$(ulimit -Hn)" -lt 12100 ]; then skip "no 12,100 descriptors"; fi
    serve echo -p "$port:80"
    calls 2300
    wait_for '[ "$(heard)" = 2300 ]'
    assert "$(heard answered)" == 2000
    assert "$(heard 'hung up')" == 300
    at_rest
    hang_up
    wait_for '[ "$(ports ask "$port" again 2>/dev/null)" = again ]'
    finish
}

@test "200 descriptors: who cannot have them is hung up or waits, without a busy loop" {
    local who
    limit=(bash -c 'ulimit -n 200; exec "$@"' limit)
    for who in $(people); do
        $who serve echo -p "$port:80"
        calls 150
        # Six of them for each call; a few are the porter's own.
        wait_for '[ "$(heard answered)" -ge 25 ] && [ "$(heard "hung up")" -ge 50 ]'
        at_rest
        assert "$(heard answered)" -le 33 "$who"
        # As many more come and go: nothing stays behind of those who were hung up.
        for i in {1..50}; do (exec 8<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || true; done
        at_rest
        hang_up
        # (The ends of so many come one by one.)
        wait_for '[ "$(ports ask "$port" again 2>/dev/null)" = again ]'
        calls 20
        wait_for '[ "$(heard)" = 20 ]'
        assert "$(heard answered)" == 20 "all are free again"
        hang_up
        finish
    done
}

# ---------------------------------------------------------------------------------------------
# What is refused, before anything begins
# ---------------------------------------------------------------------------------------------

@test "a port that is taken is refused, and the command does not begin" {
    local who
    mkdir -m 0777 box
    for who in $(people); do
        serve echo -p "$port:80"
        for words in "-p $port:80" "-p 0.0.0.0:$port:80" "-p $second:80 -p $port:80" "-p $port:81 -p $second:80"; do
            # shellcheck disable=SC2086  # words
            $who mc -125 run -v "$PWD/box:/mnt" $words -- touch /mnt/begun
            assert "${stderr_lines[0]}" =~ "^minicontainer: --publish [0-9.:]*$port:8[01]: Address already in use"
            assert "$stderr" contains $'\n  cure: '
            assert "$(ls box)" == "" "$who: $words"
            assert "$(listeners "$second")" == ""
        done
        assert "$(ports ask "$port" "still there")" == "still there"
        finish
        $who mc run -p "$port:80" -- true
    done
    mc -125 run -p "$port:80" -p "$port:81" -- true
    assert "$stderr" contains "$port:81: Address already in use"
    assert "$(listeners "$port")" == ""
}

@test "an address that this machine has not is refused" {
    mc -125 run -p "192.0.2.77:$port:80" -- true
    assert "${stderr_lines[0]}" == "minicontainer: --publish 192.0.2.77:$port:80: Cannot assign requested address"
}

@test "below 1024: refused to a user, root may" {
    local low=$((600 + RANDOM % 400))
    if [ "$(</proc/sys/net/ipv4/ip_unprivileged_port_start)" -lt 1024 ]; then skip "here users may"; fi
    requires user
    as_user mc -125 run -p "127.0.0.77:$low:80" -- touch /mnt/begun
    assert "${stderr_lines[0]}" == "minicontainer: --publish 127.0.0.77:$low:80: Permission denied"
    assert "$stderr" contains "below 1024 it is root's"
    if [ "$(id -u)" = 0 ]; then
        mc run -p "127.0.0.77:$low:80" -- true
    fi
}

@test "what is no port is refused: where and what is wanted" {
    local value
    for value in 0:80 80:0 65536:80 80:65536 1:2:3 999.1.1.1:80:80 127.1:80:80 1.2.3.4.5:80:80 "" : :80 80: 80 \
        "80 :80" " 80:80" "80:80 " +80:80 -1:80 0x50:80 80:80:80:80 a:b localhost:80:80 ::1:80:80 1.2.3.4:80 \
        99999999999:80 80:99999999999 4294967376:80 80/tcp:80 80:80/udp 8000-8001:80 $'80:80\n' 80,80:80; do
        mc -125 run -p "$value" -- true
        assert "$output" == ""
        assert "${stderr_lines[0]}" starts "minicontainer: -p \"" "$value"
        assert "$stderr" contains "[IP:]OUT:IN" "$value"
        mc -125 lab -p "$value" true
    done
    mc -125 run -p
    mc -125 run --publish
    mc run -p "$port:1" -p "$second:65535" -- true
}

@test "without a network of its own there is no way in: refused" {
    local who words
    for who in $(people); do
        for words in "--no-net -p $port:80" "-p $port:80 --no-net" "--network host -p $port:80" \
            "--net=host -p $port:80" "--only user,uts -p $port:80" "--none -p $port:80"; do
            # shellcheck disable=SC2086  # words
            $who mc -125 run $words -- true
            assert "${stderr_lines[0]}" == "minicontainer: --publish: the isolation net is off" "$who $words"
            assert "$stderr" contains $'\n  lesson: lessons/09-net'
            assert "$(listeners "$port")" == ""
        done
    done
}

@test "commands that make no container take no port" {
    local words
    for words in "exec 1 -p 1:1" "exec -p 1:1 1" look doctor "compare uts" images; do
        [[ $words == exec* ]] || words+=" -p $port:80"
        # shellcheck disable=SC2086  # words
        mc -125 $words
        assert "$(listeners "$port")" == ""
    done
}

# ---------------------------------------------------------------------------------------------
# Ends
# ---------------------------------------------------------------------------------------------

@test "the port is free again the moment run has returned: 20 times" {
    local who i
    for who in $(people); do
        for i in {1..3}; do
            # The server is the one who hangs up, and the command ends by itself.
            $who begin run -v "$PWD/ports.py:/mnt/ports.py:ro" -p "$port:80" -- sh -c \
                'python3 /mnt/ports.py serve echo 80 & server=$!; until [ -e /tmp/end ]; do sleep 0.01; done'
            until_said serving
            assert "$(ports ask "$port" "$i")" == "$i" "$who"
            kill -TERM "$supervisor"
            wait_for '! kill -0 "$supervisor" 2>/dev/null'
            assert "$(listeners "$port")" == "" "$who: round $i"
        done
        for i in {1..20}; do $who mc run -p "$port:80" -- true; done
        no_process_left
    done
}

# kill_at MOMENT VICTIM: run -p, and kill -9 of one of its processes so many milliseconds later.
kill_at() {
    local pid=
    begin run -p "$port:80" -- sleep 1000
    sleep "$(printf '0.%03d' "$1")"
    case $2 in
    supervisor) pid=$supervisor ;;
    porter) pid=$(porter) || true ;;
    one) pid=$(first) || true ;;
    esac
    # (Where it is not there yet, the supervisor is.)
    kill -KILL "${pid:-$supervisor}" 2>/dev/null || true
    if [ "$2" = porter ] && [ -n "$pid" ]; then
        wait_for '[ -z "$(listeners "$port")" ]'
        kill -KILL "$supervisor" 2>/dev/null || true
    fi
    no_process_left
    assert "$(listeners "$port")" == "" "$2 after $1 ms"
}

@test "kill -9 of supervisor, porter, PID 1 at many moments: nothing is left, and the machine is the same" {
    local who victim n before kills=${MC_KILLS:-7}
    before=$(machine)
    for who in $(people); do
        for victim in supervisor porter one; do
            # So many of each; most of them while it starts.
            for ((n = 0; n < kills; n++)); do
                $who kill_at "$((150 * n * n / kills / kills))" "$victim"
            done
        done
        $who mc run -p "$port:80" -- true
    done
    assert "$(machine)" == "$before"
}

# A server that sends without end.
FLOOD='import socket
server = socket.create_server(("0.0.0.0", 80))
print("serving", flush=True)
call = server.accept()[0]
while True: call.sendall(bytes(1 << 16))'

@test "kill -9 of the supervisor, while a caller does not read: no porter is left, and no listener" {
    local who
    for who in $(people); do
        $who begin run -p "$port:80" -- python3 -c "$FLOOD"
        until_said serving
        exec 8<>"/dev/tcp/127.0.0.1/$port"
        wait_for '[ -n "$(pgrep -s "$supervisor" -x porter)" ]'
        kill -KILL "$supervisor"
        no_process_left
        assert "$(listeners "$port")" == "" "$who"
        exec 8>&-
    done
}

@test "kill -9 of the porter: the container goes on; of the others: it ends" {
    local who victim
    for who in $(people); do
        $who serve echo -p "$port:80"
        kill -KILL "$(porter)"
        wait_for '[ -z "$(listeners "$port")" ]'
        assert "$(pgrep -s "$supervisor" -c python3)" == 1 "$who"
        assert "$(pgrep -P "$supervisor" -x porter)" == "" "and no porter is left unburied"
        finish
        for victim in supervisor one; do
            $who serve echo -p "$port:80"
            calls 20
            wait_for '[ "$(heard answered)" = 20 ]'
            if [ $victim = one ]; then
                kill -KILL "$(first)"
            else
                kill -KILL "$supervisor"
            fi
            no_process_left
            assert "$(listeners "$port")" == "" "$who"
            hang_up
            supervisor=
        done
    done
}

@test "links, addresses, routes, forwarding and rules of this machine: the same, while it runs and after" {
    local who before
    before=$(machine)
    for who in $(people); do
        $who serve echo -p "$port:80" -p "0.0.0.0:$second:80"
        assert "$(ports ask "$port" x)$(ports ask "$second" y)" == xy
        assert "$(machine)" == "$before" "$who"
        finish
        assert "$(machine)" == "$before" "$who"
    done
}

@test "^C ends it, and its listener" {
    local who
    for who in $(people); do
        $who session_start
        session_prompt
        session_type "minicontainer run -p $port:80 -- sh -c 'echo u\"\"p; exec sleep 1000'"
        session_wait up
        assert "$(listeners "$port")" == 127.0.0.1 "$who"
        session_key '\003'
        session_prompt
        assert "$(listeners "$port")" == "" "$who"
        session_type 'echo status $?'
        session_wait 'status 130'
        session_end
    done
}

@test "stdin, stdout, stderr closed: it works as well" {
    local who how
    for who in $(people); do
        for how in '0<&-' '0<&- 1>&-' '0<&- 1>&- 2>&-' '1>&- 2>&-'; do
            $who call bash -c "exec \"\$@\" $how" bash "$MC" run -p "$port:80" -p "$second:80" -- true
        done
        limit=(bash -c 'exec "$@" 0<&-' closed)
        $who serve echo -p "$port:80" -p "$second:80"
        assert "$(ports ask "$port" x)$(ports ask "$second" y)" == xy "$who"
        finish
    done
}

@test "descriptors of the caller's are not the porter's" {
    requires root
    exec 9<>ports.py
    serve echo -p "$port:80" -p "$second:80"
    # 0, which is the container's pidfd, 1, 2; two doors; epoll
    assert "$(descriptors)" == 6
    finish
    exec 9>&-
}

# ---------------------------------------------------------------------------------------------
# A hostile container
# ---------------------------------------------------------------------------------------------

steal() { # PROGRAM: what a thief says
    "${@:2}" call "$1" run --no-pid --privileged -p "$port:80" -v "$PWD/ports.py:/mnt/ports.py:ro" -- \
        python3 /mnt/ports.py steal
}

@test "a container that sees the porter, and has all rights, takes nothing of it" {
    local who
    for who in $(people); do
        steal "$MC" "$who"
        assert "$output" == "getfd: Operation not permitted
files: Permission denied
memory: Permission denied
root: Permission denied
trace: Operation not permitted" "$who"
    done
}

@test "control: of a porter that can be dumped it takes the socket" {
    requires cc
    local who
    sed '/^static _Noreturn void be_porter/,/^}/s/PR_SET_DUMPABLE, 0,/PR_SET_DUMPABLE, 1,/' "$MC_TREE/minicontainer.c" >weak.c
    run ! cmp -s weak.c "$MC_TREE/minicontainer.c"
    cc -w -O1 -o weak weak.c
    for who in $(people); do
        steal "$PWD/weak" "$who"
        assert "$output" has-line "pidfd_getfd: a door" "$who"
        assert "$output" has-line "ptrace: seized" "$who"
        assert "$output" has-line "/proc/PID/root: read" "$who: all files of the machine"
    done
}

@test "a container with its own processes does not see it" {
    mc -1 run --privileged -p "$port:80" -v "$PWD/ports.py:/mnt/ports.py:ro" -- python3 /mnt/ports.py steal
    assert "$stderr" contains "no porter in sight"
}

@test "the porter's environment and files are nothing to others of this machine" {
    requires root user
    serve echo -p "$port:80"
    for file in environ maps mem fd/ root/; do
        as_user call -any cat "/proc/$(porter)/$file"
        assert "$stderr" contains "Permission denied" "$file"
    done
    finish
}

# ---------------------------------------------------------------------------------------------
# In a lab, and containers that are kept
# ---------------------------------------------------------------------------------------------

# in_lab OPTION... -- SCRIPT: in a lab, where ports.py is; in the background.
# box OPTION... -- ARG...: a server of ports.py in a container of it; ready in NAME COUNT waits for it.
in_lab() {
    local options=()
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    begin lab "${options[@]}" bash -c "cat >ports.py <<'END'
$(<ports.py)
END
"'      box() {
            local options=()
            while [ "$1" != -- ]; do options+=("$1"); shift; done
            shift
            minicontainer run -v ./ports.py:/mnt/ports.py:ro "${options[@]}" -- \
                python3 /mnt/ports.py serve "$@" >box 2>&1 &
            until grep -qs serving box; do sleep 0.02; done
        }
        ask() { python3 ports.py ask "$@"; }
'"$2"
}

@test "-p with --network: the porter calls eth0, and lo has no address more" {
    requires bridge ip
    local who
    for who in $(people); do
        $who in_lab -- 'box --network front -p 8080:80 -- echo 80 172.18.0.2
            ask 8080 one
            minicontainer run --network front -p 8081:80 -- ip -br -4 addr | grep -c 172.17
            kill %1; wait
            box --network front --network back -p 8080:80 -- echo 80 172.19.0.2; ask 8080 no
            kill %1; wait; cat box
            echo; echo ready; exec sleep 1000'
        until_said ready
        cat said
        assert "$(head -n 1 said)" == "one0" "$who: reached, and no 172.17"
        assert "$(<said)" contains "note: --publish 8080:80: nobody listens there inside"
        assert "$(listeners 8080)" == "" "of this machine"
        finish KILL
    done
}

@test "lab -p and in it run -p 0.0.0.0: from outside to the server; on its 127.0.0.1 not" {
    local who
    for who in $(people); do
        $who in_lab -p "$port:8080" -- 'box -p 0.0.0.0:8080:80 -- echo 80; ask 8080 one; echo; echo ready
            exec sleep 1000'
        until_said ready
        assert "$(head -n 1 said)" == one "$who"
        assert "$(listeners "$port")" == 127.0.0.1
        assert "$(ports ask "$port" "to the server")" == "to the server" "$who"
        finish KILL
        assert "$(listeners "$port")" == ""
        $who in_lab -p "$port:8080" -- 'box -p 8080:80 -- echo 80; ask 8080 one; echo; echo ready
            exec sleep 1000'
        until_said ready
        assert "$(head -n 1 said)" == one "it is there, in the lab"
        ports ask "$port" two >asked 2>&1 || true
        assert "$(<asked)" lacks two "$who"
        wait_for 'grep -q "nobody listens there inside" said'
        finish KILL
    done
}

@test "two labs, and two containers of one lab, want the same port" {
    local who
    for who in $(people); do
        $who in_lab -p "$port:8080" -- 'box -p 8080:80 -- echo 80
            minicontainer run -p 8080:80 -- touch /mnt/begun; echo "status $?"; echo ready; exec sleep 1000'
        until_said ready
        assert "$(<said)" contains "--publish 8080:80: Address already in use"
        assert "$(<said)" has-line "status 125"
        $who mc -125 lab -p "$port:8080" true
        assert "${stderr_lines[0]}" contains "--publish $port:8080: Address already in use" "$who"
        finish KILL
        $who mc lab -p "$port:8080" true
    done
}

# own_store WHO: a store of that person with an image.
own_store() {
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data-$1 TMPDIR=$BATS_TEST_TMPDIR
    kept_store "$1" build_base "$1" sh sleep true touch
}
held() { wait_for '[ "$(listeners "$port")" = 127.0.0.1 ]'; }
not_held() { wait_for '[ -z "$(listeners "$port")" ]'; }

@test "-d, create, start, stop, rm: the port is held while it runs, and is free after" {
    requires overlay
    local who
    for who in $(people); do
        own_store "$who"
        $who mc run -d --name web -p "$port:80" --image base -- sleep 1000
        held
        $who mc stop -t 0 web
        not_held # (a porter whose supervisor was killed ends by itself)
        $who mc start web
        held
        $who mc -125 run -p "$port:80" -- true
        $who mc rm -f web
        not_held
        $who mc create --name two -p "$port:80" --image base -- sh -c 'echo ran; sleep 0.01'
        assert "$(listeners "$port")" == "" "$who: not yet"
        $who mc start -a two
        assert "$output" == ran
        assert "$(listeners "$port")" == "" "$who: its command has ended"
        for i in 1 2 3 4 5; do $who mc start -a two; done
        $who mc run --name three -p "$port:80" --image base -- true
        $who mc rm two
        $who mc rm three
    done
}

@test "a kept container whose port is taken does not start; later it does" {
    requires overlay
    local who
    for who in $(people); do
        own_store "$who"
        $who mc create --name two -p "$port:80" --image base -- touch /ran
        $who mc run -d --name one -p "$port:80" --image base -- sleep 1000
        held
        $who mc -125 start -a two
        assert "$stderr" contains "--publish $port:80: Address already in use" "$who"
        $who mc diff two
        assert "$output" lacks /ran
        $who mc -125 run -d --name three -p "$port:80" --image base -- touch /ran
        assert "$stderr" contains "--publish $port:80: Address already in use" "$who"
        $who mc stop -t 0 one
        $who mc start -a two
        $who mc diff two
        assert "$output" contains /ran "$who"
        $who mc rm one two
        $who mc rm -f three || true
    done
}

@test "compare with -p: it is a container with an address more" {
    local who
    for who in $(people); do
        $who mc compare -p "$port:80"
        assert "$output" contains "lo:p 172."
        assert "$(listeners "$port")" == ""
        $who mc -125 compare net -p "$port:80" -- true
        assert "$stderr" contains "it does not take -p"
    done
}

# ---------------------------------------------------------------------------------------------
# Words
# ---------------------------------------------------------------------------------------------

@test "--explain: what the porter does is told before the go, in the same order each time" {
    local who i
    for who in $(people); do
        for i in {1..5}; do
            $who mc run --explain -p "$port:80" -p "$second:80" -- true
            grep -nE '^porter|^parent why   (go:|sockets)' <<<"$stderr" |
                sed -E 's/^([0-9]+):(parent|porter) ( ?)(why|call) +([a-z]+).*/\2 \4 \5/' >told
            assert "$(<told)" == "parent why sockets
porter why into
porter call setns
parent why go" "$who"
        done
    done
    mc run --explain -- true
    assert "$stderr" lacks porter
    assert "$stderr" lacks 172.17
}

@test "--explain shows what is done in the network of the container" {
    mc run --explain -p "$port:80" -- ip -br -4 addr
    assert "$stderr" contains "ip addr add 172.17.0.2/16 dev lo:p"
    assert "$output" contains 172.17.0.2/16
    mc run -- ip -br -4 addr
    assert "$output" lacks 172.17
}

@test "help and the source name it" {
    mc run --help
    assert "$output" contains "-p, --publish [IP:]OUT:IN"
    mc source 22
    assert "$output" contains "PORTS"
}
