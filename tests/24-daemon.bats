# 24-daemon.bats -- chapter 24: somebody else starts the container.
#
# A daemon of each sort of people, each with a socket of its own in the test's directory. What a
# client of ours never sends is sent by python3.

load helpers
load session

# begin_daemon WHO [SOCKET [COMMAND...]]: a daemon of that person; it answers when this returns.
# COMMAND starts it (nohup). $daemon is its number; what it says is in SOCKET.err.
begin_daemon() {
    local who=$1 before=("${@:3}")
    sock=${2-./sock-$1}
    # Its own process group: `kill 0` of somebody in there must not end the tests. It hears ^C.
    ( remember_session
      exec 3>&- 4>&- </dev/null >/dev/null 2>"$sock.err"
      # shellcheck disable=SC2016  # for the inner shell
      $who setsid env LC_MINE=daemon bash -c 'echo $$ >"$0.pid"; exec "${@:2}" "$1" daemon "$0"' \
          "$sock" "$MC" ${before[@]+"${before[@]}"} ) &
    disown
    # shellcheck disable=SC2016  # wait_for evaluates it
    wait_for 'answers "$sock"'
    daemon=$(<"$sock.pid")
}
# with_base WHO: a daemon whose store has the image base.
with_base() {
    export XDG_DATA_HOME=$BATS_TEST_TMPDIR/data-$1
    kept_store "$1" build_base "$1" sh sleep cat true
    begin_daemon "$1"
}
answers() { "$MC" --host "$1" isolations >/dev/null 2>&1; }
gone() { ! [ -e "/proc/$1" ] || [ "$(sed -n 's/^State:[[:blank:]]*\(.\).*/\1/p' "/proc/$1/status")" = Z ]; }
# shellcheck disable=SC2016  # wait_for evaluates it
until_gone() { pid_gone=$1 && wait_for 'gone "$pid_gone"'; }
host() { # WHO [-RC] WORD...: over the daemon of $sock
    local who=$1 rc=()
    shift
    case $1 in -any | -[0-9]*) rc=("$1"); shift ;; esac
    $who mc ${rc[@]+"${rc[@]}"} --host "$sock" "$@"
}
# in_background WHO WORD...: the same, and go on. $client is its number. Its status comes into FILE.rc.
in_background() { # FILE WHO WORD...
    local file=$1 who=$2
    shift 2
    ( remember_session
      exec 3>&- 4>&- </dev/null >"$file" 2>&1
      # shellcheck disable=SC2016  # for the inner shell; (it ignores no ^C)
      $who perl -e '$SIG{INT} = $SIG{QUIT} = "DEFAULT"; open F, ">", shift; print F $$; close F;
          exec @ARGV' "$file.pid" "$MC" --host "$sock" "$@" || echo "$?" >"$file.status"
      [ -s "$file.status" ] || echo 0 >"$file.status"
      mv "$file.status" "$file.rc" ) &
    disown
    wait_for "[ -s $file.pid ]"
    client=$(<"$file.pid")
}
# Processes that have the mark of this test in their words; the test's own shell has not.
# shellcheck disable=SC2062  # these are files
ours() { grep -Flas --file=- /proc/[0-9]*/cmdline <<<"$mark" | cut -d / -f 3; }
# shellcheck disable=SC2016  # wait_for evaluates it
none_left() { wait_for '[ -z "$(ours)" ]' || { ours; return 1; }; }

setup() {
    mc_setup
    mark=mark-$BATS_TEST_NUMBER-$$
    export TMPDIR=$BATS_TEST_TMPDIR
    cat >raw.py <<'END'
import array, os, random, signal, socket, struct, sys, time
path = sys.argv[1]
def call():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(path)
    return s
null = os.open("/dev/null", os.O_RDWR)
out = os.open("raw.out." + str(os.getuid()), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
here = os.open(".", os.O_PATH)
good = [null, out, out, here]
def send(s, data, fds=good):
    c = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    s.sendmsg([data], c, socket.MSG_NOSIGNAL)
def words(*w): return b"".join(x.encode() + b"\0" for x in ("minicontainer", "--host", path) + w)
def answer(s):
    got = s.recv(64)
    return struct.unpack("i", got)[0] if got else None
def ask(data, fds=good):
    s = call()
    try:
        send(s, data, fds)
        return answer(s)
    except (BrokenPipeError, ConnectionResetError):
        return None
END
}
raw() { # WHO SCRIPT
    { cat raw.py; echo "$2"; } >"raw-$1.py"
    $1 call python3 "raw-$1.py" "$sock"
}

teardown() {
    local file pid
    session_end
    for file in *.pid; do
        [ -s "$file" ] || continue
        pid=$(<"$file")
        if grep -qs -- "daemon\|--host" "/proc/$pid/cmdline"; then kill -9 "$pid" 2>/dev/null || true; fi
    done
    for pid in $(ours); do kill -9 "$pid" 2>/dev/null || true; done
    remove_containers
}

# ---------------------------------------------------------------------------------------------
# As typed
# ---------------------------------------------------------------------------------------------

@test "words, descriptors, directory and status travel" {
    requires userns perl
    local who status_wanted odd=$'two\nlines' bytes=$'\xff\x01'
    for who in $(people); do
        begin_daemon "$who"
        host "$who" run -- sh -c 'echo out; echo err >&2; id -u'
        assert "$output|$stderr" == $'out\n0|err' "$who"
        for status_wanted in 0 1 7 124 255; do
            host "$who" "-$status_wanted" run -- sh -c "exit $status_wanted"
        done
        host "$who" -127 run -- no-such-thing
        assert "$stderr" contains "no-such-thing: not found"
        host "$who" -126 run -- /etc/passwd
        host "$who" -137 run --no-pid -- sh -c 'kill -9 $$'
        host "$who" -125 run --no-such-option
        host "$who" -125 no-such-command
        assert "$stderr" contains 'there is no command "no-such-command"'
        host "$who" run -- printf '[%s]' '' ' ' '*' "$odd" -- --host "$bytes" ''
        assert "$output" == "[][ ][*][$odd][--][--host][$bytes][]" "$who: words as they are"
        host "$who" run -- cat <<<"from far away"
        assert "$output" == "from far away" "$who"
        # The directory of the client, though the daemon is in another.
        mkdir -p "dir-$who"
        echo found >"dir-$who/file"
        (cd "dir-$who" && sock=../${sock#./} && host "$who" run -v ./:/mnt -- cat /mnt/file &&
            assert "$output" == found)
        host "$who" run --help
        assert "${lines[0]}" starts "Usage: minicontainer run"
    done
}

@test "the environment, the user and the store are the daemon's" {
    requires userns perl
    local who
    export LC_MINE=client XDG_DATA_HOME=$BATS_TEST_TMPDIR/client
    for who in $(people); do
        $who mc run -- sh -c 'echo $LC_MINE'
        assert "$output" == client "control: without a daemon it is the caller's"
        XDG_DATA_HOME=$BATS_TEST_TMPDIR/data-$who begin_daemon "$who"
        host "$who" run -- sh -c 'echo $LC_MINE'
        assert "$output" == daemon "$who"
        if probe overlay >/dev/null 2>&1; then
            mkdir -p "context-$who"
            printf 'FROM scratch\nCOPY f /\n' >"context-$who/Dockerfile"
            echo f >"context-$who/f"
            host "$who" build -t mine "context-$who"
            assert "$(ls "$BATS_TEST_TMPDIR/data-$who/minicontainer")" contains layers
            assert "$(ls "$BATS_TEST_TMPDIR/client" 2>&1)" contains "No such file" "$who"
        fi
    done
}

@test "what was handed over is the command's: the shim keeps none of it" {
    requires userns overlay perl
    local who shim
    for who in $(people); do
        with_base "$who"
        $who call bash -c "'$MC' --host '$sock' run -d --image base -- sh -c 'sleep 1000; : $mark' | cat"
        assert "$output" == box1 "$who: cat has seen the end"
        host "$who" rm -f box1
        rm -f up end
        in_background "bg-$who" "$who" run -v ./:/mnt -- sh -c "touch /mnt/up
            while [ ! -e /mnt/end ]; do sleep 0.05; done; : $mark"
        wait_for '[ -e up ]'
        shim=$(cat "/proc/$daemon/task/$daemon/children")
        assert "$(ls -l "/proc/${shim% }/fd")" lacks "bg-$who"
        assert "$(find "/proc/${shim% }/fd" -mindepth 1 | wc -l)" == 5 "0, 1, 2, the client, the runtime"
        touch end
        none_left
    done
}

@test "long command lines: 100 KB travel, more than the kernel takes is refused in words" {
    requires userns perl
    local who long
    long=$(printf '%0100000d' 0)
    for who in $(people); do
        begin_daemon "$who"
        host "$who" run -- sh -c 'echo ${#1} ${#2}' x "$long" end
        assert "$output" == "100000 3"
        host "$who" -125 run -- true "$long" "$long" "$long"
        assert "$stderr" == "minicontainer: no status: the daemon takes no such words, or has hung up"
        host "$who" run -- true
    done
}

@test "a second daemon over the first, and a chain of two: as typed there" {
    requires userns perl
    local who first
    for who in $(people); do
        begin_daemon "$who"
        first=$sock
        host "$who" -125 daemon "$first"
        assert "${stderr_lines[0]}" == "minicontainer: $first: Address already in use"
        begin_daemon "$who" "./second-$who"
        host "$who" -9 --host "$first" run -- sh -c 'exit 9'
        host "$who" -125 --host "$first"
        assert "$stderr" contains "--host wants other words"
    done
}

# ---------------------------------------------------------------------------------------------
# The socket
# ---------------------------------------------------------------------------------------------

@test "words: usage where one is missing, nobody there, a path that is too long" {
    local who words long
    long=$(printf '%0120d' 0)
    for who in $(people); do
        for words in daemon "daemon a b" "daemon -x" --host "--host sock"; do
            # shellcheck disable=SC2086  # words
            $who mc -125 $words
            assert "$stderr" contains "usage:  minicontainer daemon SOCKET, --host SOCKET COMMAND"
        done
        $who mc -125 --host ./none run
        assert "$stderr" == "minicontainer: no daemon answers at ./none: No such file or directory"
        touch file
        chmod 0666 file
        $who mc -125 --host file run
        assert "$stderr" contains "no daemon answers at file: Connection refused"
        $who mc -125 --host "$long" run
        assert "$stderr" contains "too long for a socket"
        $who mc -125 daemon "$long"
        $who mc -125 daemon ./no/such/dir
        assert "$stderr" == "minicontainer: ./no/such/dir: No such file or directory"
        $who mc -125 --host $'\e[31m' run
        assert "$stderr" lacks $'\e'
        $who mc daemon --help
        assert "${lines[0]}" starts "Usage: minicontainer daemon"
    done
}

@test "a daemon that can take no call says so, and ends with its socket" {
    local who
    for who in $(people); do
        : >err
        # shellcheck disable=SC2016  # for the inner shell
        $who bash -c 'ulimit -n 4; exec "$0" daemon ./few' "$MC" </dev/null >/dev/null 2>err 3>&- 4>&- &
        # To some kernels the first call is one too many, to others it is the wait for it.
        wait_for '"$MC" --host ./few isolations >/dev/null 2>&1; [ -s err ]'
        assert "$(ls few 2>&1)" contains "No such file" "$who"
        assert "$(<err)" == "minicontainer: the daemon ends, it can take no call: Too many open files" "$who"
    done
}

@test "a socket is there already, of a daemon that lives or is dead, or another file: nothing is touched" {
    requires userns perl
    local who inode
    for who in $(people); do
        begin_daemon "$who"
        assert "$(stat -c %a "$sock")" == 600 "$who: for its owner alone"
        inode=$(stat -c %i "$sock")
        $who mc -125 daemon "$sock"
        assert "${stderr_lines[0]}" == "minicontainer: $sock: Address already in use"
        assert "${stderr_lines[1]}" contains "rm it, if no daemon answers there"
        assert "$(stat -c %i "$sock")" == "$inode"
        answers "$sock" || fail "the first one goes on"
        # Killed: its name stays.
        kill -9 "$daemon"
        until_gone "$daemon"
        inode=$(stat -c %i "$sock")
        host "$who" -125 run -- true
        assert "$stderr" contains "Connection refused"
        $who mc -125 daemon "$sock"
        assert "${stderr_lines[0]}" == "minicontainer: $sock: Address already in use"
        assert "$(stat -c %i "$sock")" == "$inode" "nothing was removed"
        rm "$sock"
        begin_daemon "$who"
        # Other files.
        echo precious >"file-$who"
        ln -s "file-$who" "link-$who"
        ln -s nowhere "dangling-$who"
        mkdir "d-$who"
        for name in "file-$who" "link-$who" "dangling-$who" "d-$who"; do
            $who mc -125 daemon "$name"
            assert "$stderr" contains "$name: Address already in use"
        done
        assert "$(<"file-$who")" == precious
        assert "$(ls nowhere 2>&1)" contains "No such file"
    done
}

@test "TERM, ^C, HUP, QUIT end the daemon, and its socket goes; a HUP that nohup ignores does not" {
    requires userns perl
    local who sig
    for who in $(people); do
        for sig in TERM INT HUP QUIT; do
            # A shell's & has ^C ignored: here it is not.
            begin_daemon "$who" "./$sig-$who" perl -e '$SIG{INT} = $SIG{QUIT} = "DEFAULT"; exec @ARGV'
            kill -s "$sig" "$daemon"
            until_gone "$daemon"
            assert "$(ls "$sock" 2>&1)" contains "No such file" "$who $sig"
            assert "$(<"$sock.err")" == ""
        done
        begin_daemon "$who" "./nohup-$who" nohup
        kill -s HUP "$daemon"
        host "$who" run -- true
        kill "$daemon"
        until_gone "$daemon"
        assert "$(ls "$sock" 2>&1)" contains "No such file"
    done
}

# ---------------------------------------------------------------------------------------------
# Who ends, and who does not
# ---------------------------------------------------------------------------------------------

@test "run -d: kill the client and the daemon, the container lives; the next daemon finds it" {
    requires userns overlay perl
    local who first
    for who in $(people); do
        with_base "$who"
        first=$daemon
        host "$who" run -d --name web --image base -- sh -c "while :; do sleep 0.1; done; : $mark"
        assert "$output" == web
        kill -9 "$first"
        until_gone "$first"
        $who mc ps
        assert "${lines[1]}" =~ ^web.*running "$who: the daemon is gone, the container not"
        assert "$(ours)"
        rm "$sock"
        begin_daemon "$who"
        host "$who" ps
        assert "${lines[1]}" =~ ^web.*running "$who: a daemon that has never seen it"
        host "$who" exec web -- sh -c 'echo inside'
        assert "$output" == inside
        host "$who" stop -t 0 web
        none_left
        host "$who" run -d --image base -- sh -c 'echo said'
        wait_for "\"$MC\" --version >/dev/null; $who \"$MC\" logs $output | grep -qx said"
        host "$who" -127 run -d --image base -- missing
        assert "$stderr" contains "missing: not found"
    done
}

@test "in the foreground: kill -9 of the daemon, and the client has its status; of the client, it goes on" {
    requires userns perl
    local who what="while [ ! -e /mnt/end ]; do sleep 0.05; done; touch /mnt/finished; exit 7"
    for who in $(people); do
        rm -f end finished
        begin_daemon "$who"
        in_background "one-$who" "$who" run -v ./:/mnt -- sh -c "touch /mnt/up1; $what; : $mark"
        in_background "two-$who" "$who" run -v ./:/mnt -- sh -c "touch /mnt/up2; $what; : $mark"
        wait_for '[ -e up1 ] && [ -e up2 ]'
        kill -9 "$(<"two-$who.pid")"
        wait_for "[ -s two-$who.rc ]"
        # With its whole job: what it has started is in no job of its.
        kill -9 -- "-$daemon"
        until_gone "$daemon"
        # No shim holds the socket that it was called by: nobody answers.
        host "$who" -125 run -- true
        assert "$stderr" contains "Connection refused" "$who"
        assert "$(ours | wc -l)" -ge 4 "$who: both containers run"
        touch end
        wait_for "[ -s one-$who.rc ]"
        assert "$(<"one-$who.rc")" == 7 "$who: a status travels though the daemon is dead"
        none_left
        assert "$(ls finished)" == finished
        rm -f up1 up2
    done
}

@test "kill -9 of the shim: the client says that no status came; the container ends by itself" {
    requires userns perl
    local who shim
    for who in $(people); do
        rm -f up end
        begin_daemon "$who"
        in_background "one-$who" "$who" run -v ./:/mnt -- sh -c "touch /mnt/up
            while [ ! -e /mnt/end ]; do sleep 0.05; done; : $mark"
        wait_for '[ -e up ]'
        shim=$(cat "/proc/$daemon/task/$daemon/children")
        kill -9 "${shim% }"
        wait_for "[ -s one-$who.rc ]"
        assert "$(<"one-$who.rc")" == 125
        assert "$(<"one-$who")" contains "no status"
        assert "$(ours)"
        touch end
        none_left
        host "$who" run -- true
    done
}

@test "signals of the client reach the command; QUIT kills what hears none" {
    requires userns perl
    local who sig wanted
    for who in $(people); do
        begin_daemon "$who"
        for sig in INT:3 TERM:4 HUP:5; do
            rm -f up
            in_background "bg-$who" "$who" run -v ./:/mnt -- sh -c "trap 'exit 3' INT; trap 'exit 4' TERM
                trap 'exit 5' HUP; touch /mnt/up; while :; do sleep 0.05; done; : $mark"
            wait_for '[ -e up ]'
            kill -s "${sig%:*}" "$client"
            wait_for "[ -s bg-$who.rc ]"
            assert "$(<"bg-$who.rc")" == "${sig#*:}" "$who $sig"
            rm -f "bg-$who."*
            none_left
        done
        # PID 1 without a handler is deaf (03): QUIT is the way out.
        rm -f up
        in_background "bg-$who" "$who" run --no-init -v ./:/mnt -- sh -c "touch /mnt/up
            while :; do sleep 0.1; done; : $mark"
        wait_for '[ -e up ]'
        kill -s INT "$client"
        kill -s TERM "$client"
        kill -s QUIT "$client"
        wait_for "[ -s bg-$who.rc ]"
        assert "$(<"bg-$who.rc")" == 137 "$who"
        none_left
        rm -f "bg-$who."*
    done
}

@test "on a terminal: a shell works, ^C is for it, ^Z does nothing, ^\\ ends all" {
    requires userns tty perl
    local who
    for who in $(people); do
        begin_daemon "$who"
        $who session_start
        session_prompt
        session_type "'$MC' --host $sock run"
        prompt='box# ' session_wait 'box# $'
        session_type 'cat /no/file; sleep 1000'
        session_wait 'No such file'
        session_key '\032'
        session_key '\003'
        session_wait '\^C.*box# $'
        session_type 'echo still $((1 + 1))'
        session_wait 'still 2'
        session_type 'exit 6'
        session_wait '\$ $'
        session_type 'echo "status $?"'
        session_wait 'status 6'
        session_type "'$MC' --host $sock run --no-init -- sh -c 'echo de''af; sleep 1000; :'"
        session_wait 'deaf'
        session_key '\034'
        session_wait '\$ $'
        session_type 'echo "status $?"'
        session_wait 'status 137'
        session_end
        kill "$daemon"
    done
}

# ---------------------------------------------------------------------------------------------
# Whoever calls
# ---------------------------------------------------------------------------------------------

@test "forty clients at once: each has its own words, output and status" {
    requires userns perl
    local who i
    for who in $(people); do
        begin_daemon "$who"
        for i in {1..40}; do
            in_background "c$i-$who" "$who" run -- sh -c "echo $i; exit $i"
        done
        for i in {1..40}; do
            wait_for "[ -s c$i-$who.rc ]"
            assert "$(<"c$i-$who.rc") $(<"c$i-$who")" == "$i $i" "$who"
        done
        host "$who" run -- true
        # No zombie, no descriptor is left.
        wait_for "[ -z \"\$(cat /proc/$daemon/task/$daemon/children)\" ]"
        assert "$(find "/proc/$daemon/fd" -mindepth 1 | wc -l)" == 4 "0, 1, 2, and the socket"
    done
}

@test "a client that hangs up, at any point, and one that says nothing: others are answered" {
    requires userns python3 perl
    local who
    for who in $(people); do
        begin_daemon "$who"
        raw "$who" '
quiet = [call() for i in range(20)]          # they say nothing, all the while
for i in range(20): call().close()           # hang up at once
for i in range(20):                          # as soon as it is said
    s = call(); send(s, words("run", "--", "true")); s.close()
s = call(); send(s, words("run", "--", "sh", "-c", "sleep 0.2; echo I went on")); s.close()
print(ask(words("run", "--", "sh", "-c", "exit 9")))
while b"I went on" not in open("raw.out." + str(os.getuid()), "rb").read(): time.sleep(0.05)
print("went on")'
        assert "$output" == $'9\nwent on' "$who"
        rm raw.out.*
        wait_for "[ -z \"\$(cat /proc/$daemon/task/$daemon/children)\" ]"
        assert "$(find "/proc/$daemon/fd" -mindepth 1 | wc -l)" == 4
    done
}

# (Of more than four descriptors the kernel keeps four for us, and closes the others.)
@test "messages that are none: no descriptors, too few, no zero byte, too long, no words" {
    requires userns python3 perl
    local who
    for who in $(people); do
        begin_daemon "$who"
        raw "$who" '
run = words("run", "--", "sh", "-c", "echo RAN")
for n in (0, 1, 2, 3, 5, 6, 100): print(n, ask(run, (good * 30)[:n]))
print("cut", ask(run[:-1]))
print("empty", ask(b""), ask(b"x"))
s = call()
if os.getuid() == 0: # SO_SNDBUFFORCE
    s.setsockopt(socket.SOL_SOCKET, 32, 1 << 20)
    # What fits of it ends with a zero byte.
    cut = words("run", "--", "sh", "-c", "echo RAN", "x" * 99999, "y" * 99999)
    cut += b"z" * (262143 - len(cut)) + b"\0rest\0"
    send(s, cut)
    print("long", answer(s))
print("zeros", ask(bytes(1000)) in (0, 125))
print("a file for a directory", ask(run, good[:3] + [null]))
print("good", ask(run))'
        assert "$output" contains $'0 None\n1 None\n2 None\n3 None\n5 0\n6 0\n100 0\ncut None\nempty None None'
        assert "$output" lacks "long 0"
        assert "$output" contains $'zeros True\na file for a directory 125\ngood 0'
        assert "$(cat raw.out.* | grep -c RAN)" == 4 "$who: only those ran"
        assert "$(grep -a "Not a directory" raw.out.*)" contains fchdir
        rm raw.out.*
        assert "$(<"/proc/$daemon/comm")" == minicontainer "$who: the same daemon is alive"
    done
}

@test "two thousand random messages and signals: the daemon goes on, and nothing is left" {
    requires userns python3 perl
    local who
    for who in $(people); do
        begin_daemon "$who"
        raw "$who" '
random.seed(24)
real = words("run", "--only", "none", "--", "true")
for i in range(2000):
    data = bytearray(real) if i % 2 else bytearray(random.randbytes(random.randrange(300)))
    for j in range(random.randrange(4) if i % 2 else 0):
        data[random.randrange(len(data))] = random.choice(b"\0\1 -/\xffabc")
    data = bytes(data)
    # What could do something that lasts is not asked for.
    parts = data.split(b"\0")
    if len(parts) > 3 and parts[3] not in (b"run", b"look", b"isolations"): data = data[:-1]
    s = call()
    try:
        send(s, data, random.choices([null, out, here], k=random.choice([0, 3, 4, 4, 4, 4, 5])))
        for j in range(random.randrange(3)):
            s.send(random.choice([b"", b"\2", struct.pack("i", random.choice([0, 2, 15, -1, 99, 1 << 30])),
                                  random.randbytes(40)]))
    except (BrokenPipeError, ConnectionResetError): pass
    if random.random() < 0.05:
        try: s.recv(64)
        except ConnectionResetError: pass
    s.close()
print(ask(real))'
        assert "$output" == 0 "$who"
        wait_for "[ -z \"\$(cat /proc/$daemon/task/$daemon/children)\" ]"
        assert "$(find "/proc/$daemon/fd" -mindepth 1 | wc -l)" == 4
        rm -f raw.out.*
    done
}

@test "another user is refused, and nothing of theirs is run; root may" {
    requires root user userns python3 perl
    begin_daemon self ./roots
    # The mode is the first wall,
    as_user mc -125 --host ./roots run -- true
    assert "$stderr" == "minicontainer: no daemon answers at ./roots: Permission denied"
    # and where it is taken away, who calls is asked.
    chmod 0666 roots
    as_user mc -125 --host ./roots run -- touch "$BATS_TEST_TMPDIR/ran"
    assert "$stderr" == "minicontainer: no status: the daemon takes no such words, or has hung up"
    assert "$(<roots.err)" == "minicontainer: user $(as_user id -u) is refused: this is not their daemon"
    raw as_user 'print(ask(words("run", "--none", "--", "touch", "ran")))'
    assert "$output" == None
    assert "$(ls ran 2>&1)" contains "No such file"
    mc --host ./roots run -- true
    # Root of the machine asks the daemon of a user: and is that user.
    begin_daemon as_user ./users
    mc --host ./users run --none -- sh -c 'id -u; exit 3' || assert "$status" == 3
    assert "$output" == "$(as_user id -u)"
    # A third user is none of both.
    chmod 0666 users
    call -125 setpriv --reuid 4242 --regid 4242 --clear-groups "$MC" --host ./users run -- true
    assert "$(<users.err)" contains "user 4242 is refused"
}

@test "who asks is asked before anything is taken: in the order of the calls" {
    requires userns strace plain perl
    begin_daemon self
    remember_session
    strace -qq -f -e trace=getsockopt,recvmsg,setsid,execve -o trace -p "$daemon" 3>&- 4>&- &
    wait_for "grep -q 'TracerPid:[[:blank:]]*[1-9]' /proc/$daemon/status"
    host self run -- true
    kill "$!"
    wait "$!" || true
    assert "$(sed -E 's/^[0-9]+ +([a-z]+).*/\1/' trace | head -4 | paste -sd ' ')" == \
        "setsid getsockopt recvmsg execve"
}

@test "the socket in a container: who has it, does what the daemon may do" {
    requires userns perl
    # In a lab everybody is root of the same: the container needs no right but that file.
    mc lab bash -c 'echo "dear diary" >~/diary
        minicontainer daemon ~/docker.sock & until [ -S ~/docker.sock ]; do sleep 0.05; done
        until minicontainer --host ~/docker.sock isolations >/dev/null 2>&1; do sleep 0.05; done
        cp "$(command -v minicontainer)" ~/mc
        box() { minicontainer run --map 0:0:1 -v ~/mc:/run/mc "$@"; }
        box -- sh -c "cat /root/diary; /run/mc --host /run/docker.sock run --none -- cat /root/diary" 2>&1
        echo "without: $?"
        box -v ~/docker.sock:/run/docker.sock -- /run/mc --host /run/docker.sock run --none -- cat /root/diary
        echo "with: $?"'
    assert "$output" contains "cat: /root/diary: No such file or directory"
    assert "$output" contains "no daemon answers at /run/docker.sock: No such file or directory"
    assert "$output" ends $'without: 125\ndear diary\nwith: 0'
}

# ---------------------------------------------------------------------------------------------
# Killed at any moment
# ---------------------------------------------------------------------------------------------

@test "kill -9 of the client, the shim or the daemon at 120 moments: nothing half done stays" {
    requires userns python3 perl
    local who
    for who in $(people); do
        begin_daemon "$who"
        raw "$who" '
import subprocess
mc, mark, daemon = "'"$MC"'", "'"$mark"'", None
random.seed(4)
def begin():
    global daemon
    if os.path.exists(path): os.unlink(path)
    daemon = subprocess.Popen([mc, "daemon", path], stdin=null, stdout=out, stderr=out)
    while True:
        try: call().close(); return
        except OSError: time.sleep(0.01)
begin()
for i in range(120):
    client = subprocess.Popen([mc, "--host", path, "run", "--", "sh", "-c", "sleep 0.02; : " + mark],
                              stdin=null, stdout=out, stderr=out)
    time.sleep(random.random() * 0.03)
    if i % 3 == 0: client.kill()
    elif i % 3 == 1: daemon.kill(); daemon.wait(); begin()
    else:
        shims = open("/proc/%d/task/%d/children" % (daemon.pid, daemon.pid)).read().split()
        for pid in shims: os.kill(int(pid), 9)
    client.wait()
    assert client.returncode in (0, 125, -9), client.returncode
daemon.terminate(); daemon.wait()
print("socket" if os.path.exists(path) else "gone")'
        assert "$output" == gone "$who"
        none_left
    done
}
