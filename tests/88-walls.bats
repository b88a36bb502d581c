#!/usr/bin/env bats
#
# 88-walls.bats -- the walls hold against whoever pushes: a command that reaches out, an image or a
# name that is a trap, a process of ours that is killed, a call that fails at the wrong moment.
#
# walls.c does what a shell cannot; its head says what. What could do harm where a wall is missing
# is tried on copies, or in namespaces that are thrown away. What depends on a moment is not tried
# until it is hit by chance: ptrace(2) goes through all the moments there are, one after the other.

load helpers

setup_file() { build_static walls; }

# Each test has ./walls, ./image (which has it, too), and a fifo: ./alive ends when nobody writes to
# it any more, so it says whether somebody lives.
setup() {
    mc_setup
    requires userns
    need_static walls
    mkdir -p image/dev image/proc image/sys image/tmp image/mnt bare/dev
    mkdir volume
    cp walls image
    cp walls bare
    cp walls volume
    chmod -R a+rX walls image bare volume
    mkfifo -m 0666 alive
    INSIDE=(-v "$PWD/volume:/mnt:ro")
}

# Those that a test has left, by number: who writes to ./alive, and whose session is ours.
teardown() {
    cd "$BATS_TEST_TMPDIR" || return 0
    end_the_living
    if [ -n "${MADE-}" ]; then
        rmdir "$MADE/minicontainer-$$/box" "$MADE/minicontainer-$$" "$MADE/minicontainer-x" || true
    fi 2>/dev/null
    kill_left
    if [ -n "${ODD-}" ]; then leave_odd; fi
}

end_the_living() {
    local out
    for out in /proc/[0-9]*/fd/1; do
        if [ "$out" -ef alive ]; then kill -KILL "$(tr -dc 0-9 <<<"${out%/fd/1}")" || true; fi
    done 2>/dev/null
}

# The program, and the lessons beside it, as files of whoever runs it: so an attack that reaches
# them can do all it wants.
own_program() {
    rm -rf own
    mkdir own
    cp "$MC" own/minicontainer
    cp -R "$MC_TREE/lessons" own/lessons
    if [ "$(own_id)" != "$(id -u)" ]; then chown -R "$(own_id)" own; fi
    chmod -R a+rwX own
}

own_id() { ${MC_AS[@]+"${MC_AS[@]}"} id -u; }

# All that can be seen of files: kind, mode, owner, times, contents. (The time of change is one that
# nobody can set: it tells of attributes, too.)
state_of() { # FILE...
    find "$@" -printf '%p %y %m %U %G %s %T@ %C@ %l\n' | sort
    find "$@" -type f -exec sha256sum {} + | sort
}

# They are as they were BEFORE; what differs is shown.
unchanged() { # BEFORE FILE...
    diff -U 0 <(echo "$1") <(state_of "${@:2}") | head -n 8
    [ "$1" = "$(state_of "${@:2}")" ] || fail "the caller's files are not what they were"
}

# begin COMMAND...: in the background, its output to ./alive. It has said "ready" when this returns;
# its PID is $begun, and descriptor 8 ends when nobody in it lives any more.
begin() {
    local word=
    echo "-- $*"
    (
        remember_session
        exec ${MC_AS[@]+"${MC_AS[@]}"} setsid "$@" >alive 2>said 3>&- 4>&- 8>&- </dev/null
    ) &
    begun=$!
    disown "$begun"
    exec 8<alive
    read -r -t "$MC_TIMEOUT" word <&8 || true
    if [ "$word" = ready ]; then return 0; fi
    cat said
    fail "it has not begun: $word"
}

# Does all of what begin() started end by itself, within so many seconds?
all_end() { timeout "$1" cat <&8 >/dev/null; }

# The descendants of a process that are no test program: so they are ours. One a line.
ours_below() {
    local child
    for child in $(children "$1"); do
        case $(cat "/proc/$child/comm" 2>/dev/null) in
        walls | sleep | sh | bash | '') ;;
        *) echo "$child" ;;
        esac
        ours_below "$child"
    done
}

children() { grep -l "^PPid:.$1\$" /proc/[0-9]*/status 2>/dev/null | tr -dc '0-9\n' || true; }

# The first process with this name below another one.
below() { # PID NAME
    local child
    for child in $(children "$1"); do
        if [ "$(cat "/proc/$child/comm" 2>/dev/null)" = "$2" ]; then echo "$child"; return; fi
        below "$child" "$2"
    done | head -n 1
}

# ---------------------------------------------------------------------------------------------
# 1. The process group
# ---------------------------------------------------------------------------------------------

# Whoever called us is in this line, too.
survived() { # COMMAND-LINE
    call -any sh -c "$1; echo survived"
    assert "$output" contains "reaching out" "$1"
    assert "$output" contains survived "$1"
    no_process_left 5
}

group_is_inside() {
    local how options
    for options in "" --init --no-pid --no-user --no-proc --privileged "--image ./image"; do
        if [ "$(own_id)" != 0 ] && [ "$options" = --no-user ]; then continue; fi
        how=/mnt/walls
        if [[ $options == *image* ]]; then how=/walls; fi
        survived "minicontainer run $options ${INSIDE[*]} -- $how group kill"
    done
    survived "minicontainer run -- sh -c 'echo reaching out; kill -9 0'"
    survived "minicontainer lab sh -c 'echo reaching out; kill -9 0'"
    survived "minicontainer compare uts -- sh -c 'echo reaching out; kill -9 0'"
}

@test "group: kill(2) with 0 inside ends the container, and nobody outside" { group_is_inside; }

@test "group: as an ordinary user, too" {
    requires root user
    as_user group_is_inside
}

group_is_inside_exec() { # OPTIONS
    begin minicontainer run "$@" "${INSIDE[@]}" -- /mnt/walls wait
    call -any sh -c "minicontainer exec $begun -- /mnt/walls group kill; echo survived"
    assert "$output" == $'reaching out\nsurvived'
    call -any sh -c "minicontainer exec $begun -- sh -c 'echo inside; kill -9 0'; echo survived"
    assert "$output" == $'inside\nsurvived'
    kill -0 "$begun"
    kill -KILL "$begun"
    all_end 10
    no_process_left 10
}

@test "group: in a second window kill(2) with 0 ends that window, and nobody outside" {
    local who
    for who in $(people); do
        $who group_is_inside_exec
        $who group_is_inside_exec --no-pid
    done
}

@test "group: setpriority(2) on the group inside does not slow down the caller" {
    local who options
    for who in $(people); do
        for options in "" --no-pid --no-user; do
            if [ "$options" = --no-user ] && [ "$($who id -u)" != 0 ]; then continue; fi
            $who call sh -c "minicontainer run $options ${INSIDE[*]} -- /mnt/walls group nice; nice"
            assert "$output" == "reaching out"$'\n'"$(nice)" "$who, $options"
        done
        $who begin minicontainer run "${INSIDE[@]}" -- /mnt/walls wait
        $who call sh -c "minicontainer exec $begun -- /mnt/walls group nice; nice"
        assert "$output" == "reaching out"$'\n'"$(nice)" "$who, exec"
        kill -KILL "$begun"
        all_end 10
    done
}

# ---------------------------------------------------------------------------------------------
# 2. Names
# ---------------------------------------------------------------------------------------------

# In a PID namespace of its own, so that the labs of other tests are not there. Root's own lab is
# there or not; then somebody's process gets its name, and is the newest that has it.
cat_trap_script() {
    cat <<'END'
wait_until() { i=0; until eval "$1"; do i=$((i + 1)); [ $i -lt 500 ] || exit 99; sleep 0.02; done; }
mine=$1 name=$2 child=$3
shift 3
if [ "$mine" = lab ]; then
    mkfifo hold
    minicontainer lab sh -c 'echo it is up; read -r _' <hold >lab.out 2>&1 &
    exec 7>hold
    wait_until 'grep -qsx "it is up" lab.out'
fi
"$@" "./$name" family "$child" >trap.out 2>&1 7>&- &
wait_until 'grep -qs ready trap.out'
rc=0
minicontainer exec "$name" -- cat /proc/self/uid_map 7>&- || rc=$?
echo "status $rc"
END
}

trap_for_root() { # lab|none NAME CHILD WHOSE...
    rm -f hold lab.out trap.out "$2"
    cp walls "$2"
    chmod 0777 .
    cat_trap_script >trap.sh
    call -any unshare --pid --fork --mount-proc --kill-child sh trap.sh "$@"
}

@test "names: exec lab as root never leads to what another user made" {
    requires root user
    local uid gid child
    uid=$(as_user id -u) gid=$(as_user id -g)
    local user=(setpriv "--reuid=$uid" "--regid=$gid" --clear-groups --inh-caps=-all)
    for child in child lab; do
        # A process of theirs in the machine's own user namespace, with a child in one they made.
        trap_for_root none lab "$child" "${user[@]}"
        assert "$output" == "status 125" "$child"
        assert "$stderr" contains 'no running container'
        # It is itself in one that they made.
        trap_for_root none lab "$child" "${user[@]}" unshare --user --map-root-user
        assert "$output" == "status 125" "$child"
        # And where root has a lab of its own, that is what is entered.
        trap_for_root lab lab "$child" "${user[@]}"
        assert "${lines[0]}" =~ '^ *0 +[1-9][0-9]+ +65536$' "root's own lab"
        assert "${lines[1]}" == "status 0"
    done
    trap_for_root none box child "${user[@]}"
    assert "$output" == "status 125" "another name"
}

@test "names: a name is a container's own, and never leads to a child of who has it" {
    requires root
    trap_for_root none lab child
    assert "$output" == "status 125" "root's own process, in no container"
    trap_for_root none minicontainer child
    assert "$output" == "status 125" "it is called as a supervisor is"
}

# The words of the command line may be secrets: before the command has its turn, PID 1 has a name.
# strace holds one prctl(2) of each process up, the third, the fourth and so on: one of them names it.
@test "command line: PID 1 never shows the caller's words to the command" {
    requires strace plain userns
    local who n
    for who in $(people); do
        for n in 3 4 5 6 7 8; do
            $who call strace -f -o trace -e trace=prctl -e "inject=prctl:delay_exit=300000:when=$n" \
                "$MC" run --no-caps -e TOKEN=secret -- sh -c 'tr "\0" " " </proc/1/cmdline'
            assert "$output" =~ ^init\ *$ "$who"
        done
        assert "$(cat trace)" contains PR_SET_NAME
        rm -f trace
    done
}

# ---------------------------------------------------------------------------------------------
# 3, 4. The caller's files
# ---------------------------------------------------------------------------------------------

lab_leaves_files() {
    local before
    own_program
    before=$(state_of own)
    call own/minicontainer lab sh -c '
        mount -o remount,bind,rw /root/lessons
        chmod 0777 /root/lessons/README.md
        rm -rf /root/lessons/00*
        echo X >>/root/lessons/README.md
        tail -n 1 /root/lessons/README.md'
    assert "$output" == X "they are the learner's, to write in"
    unchanged "$before" own
}

@test "lab: what is done to the lessons in there does not reach the caller's" {
    local who
    for who in $(people); do $who lab_leaves_files; done
}

# In an outer user namespace a directory of the caller's lies over /usr: so there is a machine whose
# /usr is the caller's own.
@test "lab: a /usr of the caller's own cannot be written in there, or that is said" {
    requires overlay
    local who
    for who in $(people); do
        rm -rf upper work
        $who mkdir upper work
        $who call unshare --user --map-root-user --mount sh -c '
            mount -t overlay -o lowerdir=/usr,upperdir=upper,workdir=work none /usr &&
            exec minicontainer lab sh -c "
                mount -o remount,bind,rw /usr; echo X >/usr/walls; echo tried"'
        assert "$output" == tried
        if [ -e upper/walls ]; then
            assert "$stderr" =~ 'minicontainer: note: .*owns /usr' "$who"
        fi
    done
}

programs_are_closed() {
    local before command='echo tried; exec 2>/dev/null
        for f in /proc/[0-9]*/exe; do chmod 4777 $f; chmod 0 $f; touch -d 1970-01-02 $f; done'
    own_program
    before=$(state_of own/minicontainer)
    call -any own/minicontainer lab sh -c "$command"
    assert "$output" == tried
    call -any own/minicontainer lab sh -c "minicontainer run --only user -- sh -c '$command'"
    assert "$output" == tried
    call -any own/minicontainer compare user -- sh -c "$command"
    assert "$(grep -c '^tried .*| tried' <<<"$output")" == 1
    call -any own/minicontainer compare pid -- sh -c "$command"
    assert "$(grep -c '^tried .*| tried' <<<"$output")" == 1
    unchanged "$before" own/minicontainer
    call own/minicontainer run --image ./image -- /walls programs
    call own/minicontainer run --image ./image --init -- /walls programs
    call own/minicontainer run --image ./image --no-pid -- /walls programs
    call own/minicontainer run "${INSIDE[@]}" --privileged -- /mnt/walls programs
    unchanged "$before" own/minicontainer
    begin own/minicontainer run --image ./image -- /walls wait
    call own/minicontainer exec "$begun" -- /walls programs
    kill -KILL "$begun"
    all_end 10
    unchanged "$before" own/minicontainer
}

@test "program: what a lab, an image or a comparison runs cannot change the caller's file of it" {
    local who
    for who in $(people); do $who programs_are_closed; done
}

# An image in which our program is what a script names, and the loader of programs is the attack.
loader_reaches_nothing() { # OPTIONS
    local before loader
    loader=$(ldd "$MC" 2>/dev/null | sed -n 's|^[[:space:]]*\(/[^ ]*\) (0x.*|\1|p')
    if [ -z "$loader" ]; then skip "this build has no loader: it is static"; fi
    own_program
    before=$(state_of own/minicontainer)
    rm -rf evil
    cp -R image evil
    mkdir -p "evil${loader%/*}"
    cp walls "evil$loader"
    printf '#!/proc/self/exe\n' >evil/script
    ln -sf /proc/self/exe evil/link
    chmod -R a+rx evil
    call -any own/minicontainer run --image ./evil "$@" -- /script
    assert "$output" contains "the loader of the image" "it was really run"
    call -any own/minicontainer run --image ./evil "$@" -- /link
    assert "$output" contains "the loader of the image" "as a link, too"
    unchanged "$before" own/minicontainer
}

@test "program: an image with a loader of its own cannot change the caller's file of it" {
    local who
    for who in $(people); do
        $who loader_reaches_nothing
        $who loader_reaches_nothing --init
        $who loader_reaches_nothing --no-pid
    done
    if [ "$(id -u)" = 0 ]; then
        loader_reaches_nothing --no-user
        loader_reaches_nothing --map 0:0:1
    fi
}

# Whoever is inside is no owner of it: so no copy is made. (Control: of an own file, one is made.)
@test "program: another user's file cannot be changed, and is not copied" {
    requires root strace
    own_program
    chmod 0755 own own/minicontainer
    before=$(state_of own/minicontainer)
    call strace -e trace=memfd_create own/minicontainer run --image ./image -- /walls programs
    assert "$stderr" contains memfd_create
    as_user call strace -e trace=memfd_create own/minicontainer run --image ./image -- /walls programs
    assert "$stderr" lacks memfd_create
    unchanged "$before" own/minicontainer
}

# ---------------------------------------------------------------------------------------------
# 5. One of ours is killed
# ---------------------------------------------------------------------------------------------

# Where walls is in a container with these options, and what shows it there.
program_in() { # OPTIONS...
    program=/mnt/walls shown=("${INSIDE[@]}")
    case "$*" in
    *--image*) program=/walls shown=() ;;
    *--only*root*) ;;
    *--only* | *--none* | *--no-root* | *--no-mnt*) program=$PWD/walls shown=() ;;
    esac
}

# Whichever process of ours is killed, all that is inside ends. The daemon in there hears no signal;
# with "hard" the command does not, either, and has taken back its wish to end with its parent.
none_survives() { # WORDS OPTIONS...
    local words=$1 i ours=(x) program shown
    shift
    program_in "$@"
    for ((i = 0; i < ${#ours[@]}; i++)); do
        # shellcheck disable=SC2086  # words
        begin minicontainer run "$@" "${shown[@]}" -- $program daemons $words
        # shellcheck disable=SC2207  # numbers
        ours=("$begun" $(ours_below "$begun"))
        kill_one "run $*"
    done
}

# Kill number $i of ${ours[@]}, and see.
kill_one() { # WHAT
    local name
    name=$(cat "/proc/${ours[i]}/comm")
    kill -KILL "${ours[i]}"
    if ! all_end 4; then
        echo "-- survivors: killed number $i of ${#ours[@]} of ours, $name"
        bad+="$1: killed number $i of ours, $name"$'\n'
        end_the_living
        all_end 10 # or who comes next would meet them
    fi
    exec 8<&-
}

# Only where an init of ours is inside can the command be as hard as its daemon.
each_of_ours() {
    local bad=
    none_survives hard
    none_survives hard --init
    none_survives hard --no-pid
    none_survives hard --no-pid --image ./bare
    none_survives hard --no-pid --no-proc --no-root --no-mnt
    none_survives hard --only user,pid --init
    none_survives hard --only user --init
    none_survives hard --only user,mnt,root --init
    none_survives "" --only user,pid
    none_survives "" --only user,pid,mnt,root --image ./bare
    none_survives "" --only user,mnt,root
    none_survives "" --only user
    none_survives "" --only user,mnt,root --image ./bare
    none_survives "" --none
    none_survives "" --no-init
    assert "$bad" == ""
}

@test "kill -9: of any one process of ours, and nothing inside lives on" { each_of_ours; }

@test "kill -9: as an ordinary user, too" {
    requires root user
    as_user each_of_ours
}

@test "kill -9: as real root, also without user or with another user inside" {
    requires root
    local bad=
    none_survives hard --no-user
    none_survives hard --no-user --no-pid
    none_survives hard --map 0:0:1
    none_survives "hard uid 7"
    none_survives "hard uid 7" --no-pid
    none_survives "" --no-user --no-init
    none_survives "uid 7" --no-init
    assert "$bad" == ""
}

# exec: with a PID namespace the command ends with who entered; without one all that it started.
none_survives_exec() { # WORDS OPTIONS...
    local words=$1 container i ours=(x) program shown word
    shift
    program_in "$@"
    rm -f first
    mkfifo -m 0666 first
    exec 9<>first
    (
        remember_session
        exec ${MC_AS[@]+"${MC_AS[@]}"} setsid minicontainer run "$@" "${shown[@]}" \
            -- "$program" wait >first 2>said 3>&- 4>&- 8>&- 9>&-
    ) &
    container=$!
    disown "$container"
    read -r -t 20 word <&9 || cat said
    assert "$word" == ready "run $*"
    for ((i = 0; i < ${#ours[@]}; i++)); do
        # shellcheck disable=SC2086  # words
        begin minicontainer exec "$container" -- "$program" $words
        # shellcheck disable=SC2207  # numbers
        ours=("$begun" $(ours_below "$begun"))
        kill_one "exec into run $*"
        kill -0 "$container"
    done
    kill -KILL "$container"
    exec 9<&-
}

@test "kill -9: of who entered a container, and what was started there does not live on" {
    local bad='' who
    for who in $(people); do
        $who none_survives_exec wait
        $who none_survives_exec "daemons hard" --no-pid
        $who none_survives_exec "daemons hard" --only user
        $who none_survives_exec wait --no-init
    done
    if [ "$(id -u)" = 0 ]; then
        none_survives_exec wait --no-user
        none_survives_exec "daemons hard" --no-user --no-pid
    fi
    assert "$bad" == ""
}

# ---------------------------------------------------------------------------------------------
# 6. The end without a PID namespace
# ---------------------------------------------------------------------------------------------

# It ends, and so does the daemon, whoever that is.
ends_with_its_daemon() { # COMMAND...
    local MC_TIMEOUT=10
    (
        remember_session
        exec setsid timeout -k 1 "$MC_TIMEOUT" "$@" >alive 2>said 3>&- 4>&- 8>&-
    ) &
    begun=$!
    exec 8<alive
    if ! all_end 12; then
        end_the_living
        fail "it does not end, or its daemon lives on: $*"
    fi
    status=0
    wait "$begun" || status=$?
    cat said
    assert "$status" == 0 "$*"
}

@test "pid off: a daemon of another user ends with the command" {
    requires root
    local options
    for options in "" "--cap-drop KILL" "--no-user --cap-drop KILL" --read-only; do
        # shellcheck disable=SC2086  # words
        ends_with_its_daemon minicontainer run --no-pid $options "${INSIDE[@]}" \
            -- /mnt/walls daemons end uid 7
    done
}

@test "pid off: also where /proc shows only one's own processes" {
    requires root
    local options
    for options in "" "--cap-drop KILL" --no-user; do
        ends_with_its_daemon unshare --pid --fork --kill-child --mount sh -c "
            mount -t proc -o hidepid=2 proc /proc && exec minicontainer run --no-pid $options \
            ${INSIDE[*]} -- /mnt/walls daemons end uid 7"
    done
}

# bash -c '... & exec minicontainer': the shell's children are the supervisor's, and still no part
# of the container.
strangers_live() { # OPTIONS
    rm -f pid log
    call bash -c "sleep 60 & echo \$! >pid; exec minicontainer run $1 -- true"
    kill -KILL "$(<pid)" || fail "a child that the caller had before is gone: run $1"
    call bash -c "exec > >(cat >log; echo all of it >>log); exec minicontainer run $1 -- echo hello"
    wait_for 'grep -q "all of it" log' 10
    assert "$(<log)" == $'hello\nall of it'
}

@test "pid off: children that the caller had before are not ours to end" {
    local who
    chmod 0777 .
    for who in $(people); do
        $who strangers_live ""
        $who strangers_live --none
        $who strangers_live --no-pid
        $who strangers_live "--only user"
        $who strangers_live "--only user --init"
    done
}

# ---------------------------------------------------------------------------------------------
# 7. An image that changes while we mount
# ---------------------------------------------------------------------------------------------

# A and B of the image are exchanged after the first call since the first mount; in the next start
# after the second call; and so on. No cover is missed, wherever the proc file system ends up.
no_moment() { # A B OPTIONS...
    local a=$1 b=$2 n tried=0 ran=0
    shift 2
    # (Both directories are empty: the image is the same after each exchange.)
    rm -rf img
    ${MC_AS[@]+"${MC_AS[@]}"} cp -R image img
    for ((n = 1; n < 500; n++)); do
        status=0
        ${MC_AS[@]+"${MC_AS[@]}"} timeout 20 ./walls exchange "$n" "img/$a" "img/$b" \
            "$MC" run --image ./img "$@" -- /walls masked >said 2>&1 3>&- 4>&- || status=$?
        if [ "$status" = 3 ]; then break; fi
        tried=$((tried + 1))
        ran=$((ran + $(grep -c '^closed' said)))
        if grep -q OPEN said || [[ ! $status =~ ^(0|12[567])$ ]]; then
            fail "$a <-> $b after call $n, status $status: $(<said)"
        fi
    done
    echo "$a <-> $b $*: $tried moments, $ran covers seen"
    assert "$tried" -ge 5 "there were moments to try"
    assert "$ran" -ge 5 "and containers that started all the same"
}

@test "an image whose directories are exchanged at any moment: no cover of /proc is missed" {
    requires root
    no_moment proc dev --no-user
    no_moment proc sys --no-user
}

@test "such an image, as an ordinary user" {
    requires user
    as_user no_moment proc dev
}

# ---------------------------------------------------------------------------------------------
# 8. exec
# ---------------------------------------------------------------------------------------------

@test "exec: a PID that becomes another process at any moment: all of the one, or of the other" {
    requires root
    call -any unshare --pid --fork --kill-child --mount-proc sh -c '
        n=0 rc=0
        while [ $rc = 0 ] && [ $n -lt 600 ]; do
            n=$((n + 1))
            ./walls reuse $n minicontainer exec >>said 2>&1 || rc=$?
        done
        echo "status $rc after moments: $n"'
    grep -v '^  cause\|^  try' said | cut -c 1-100 | sort | uniq -c | sort -rn | head -n 20
    assert "$(grep -A 2 -m 1 MIXED said)" == ""
    assert "$(grep -c '^one of them' said)" -ge 1 "it was entered at all"
    assert "${lines[-1]}" starts "status 3 after" "there is an end"
    assert "${lines[-1]##*: }" -gt 5 "there were moments to try"
}

@test "exec: as root, into a user namespace that somebody made in a container without one" {
    requires root
    begin minicontainer run --no-user --privileged "${INSIDE[@]}" \
        -- unshare --user --map-root-user /mnt/walls wait
    local inner map
    inner=$(below "$begun" walls)
    map=$(cat "/proc/$inner/uid_map")
    # Control: it can be entered.
    call nsenter -t "$inner" -a cat /proc/self/uid_map
    assert "$output" == "$map"
    mc exec "$inner" -- cat /proc/self/uid_map
    assert "$output" == "$map"
    kill -KILL "$begun"
}

filter_comes_along() {
    local filters
    for filters in "" "./walls filtered" "./walls filtered ./walls filtered"; do
        begin minicontainer run "${INSIDE[@]}" -- /mnt/walls wait
        # shellcheck disable=SC2086  # words
        call -any $filters minicontainer exec "$begun" -- unshare --user echo "it is open"
        assert "$output" lacks "it is open" "$filters minicontainer exec"
        assert "$stderr" contains "unshare: unshare failed"
        kill -KILL "$begun"
        all_end 10
    done
}

@test "exec: the container's filter comes along, whatever filter the caller has" {
    local who
    for who in $(people); do $who filter_comes_along; done
}

# A process that hides /proc behind a tree with a fifo in the place of each file that could matter.
cat_deaf_script() {
    cat <<'END'
wait_until() { i=0; until eval "$1"; do i=$((i + 1)); [ $i -lt 500 ] || exit 99; sleep 0.02; done; }
unshare --mount sh -c '
    mount -t tmpfs none /proc && cd /proc && mkdir self $(seq 1 300) &&
    mkfifo $(seq -f %g/status 1 300) $(seq -f %g/stat 1 300) $(seq -f %g/wchan 1 300) \
        $(seq -f %g/comm 1 300) self/status self/stat self/setgroups self/uid_map self/cgroup &&
    cd / && echo up >"$0" && exec sleep 60' "$PWD/up" &
target=$!
wait_until 'grep -qs up up'
minicontainer exec "$target" -- sh -c 'echo in >"$0" && exec sleep 60' "$PWD/in" &
entered=$!
wait_until 'grep -qs in in'
kill -TERM "$entered"
i=0
while kill -0 "$entered" && [ $i -lt 300 ]; do i=$((i + 1)); sleep 0.02; done 2>/dev/null
if [ $i -lt 300 ]; then echo heard; else echo deaf; fi
kill -KILL "$entered" "$target"
END
}

@test "exec: a false /proc inside, full of fifos, does not make it deaf" {
    local who
    cat_deaf_script >deaf.sh
    chmod 0777 .
    for who in $(people); do
        rm -f up in
        $who call -any unshare --user --map-root-user --pid --fork --kill-child --mount-proc \
            sh deaf.sh
        assert "$output" == heard "$who"
    done
}

# ---------------------------------------------------------------------------------------------
# 9. Files of /proc that are long
# ---------------------------------------------------------------------------------------------

# The line Groups: of /proc/PID/status is then longer than 8 KB, and most of what counts is behind
# it. (Such a user's groups stay: setgroups(2) is denied inside.)
many_groups() {
    local uid gid
    uid=$(as_user id -u) gid=$(as_user id -g)
    MC_AS=(setpriv "--reuid=$uid" "--regid=$gid" "--groups=$(seq -s, 100000 101399)"
        --inh-caps=-all)
    begin minicontainer run "${INSIDE[@]}" -- /mnt/walls wait
    assert "$(wc -c <"/proc/$(below "$begun" walls)/status")" -gt 8192
}

@test "1,400 groups: exec brings all the walls of the container" {
    requires root user
    local walls what='^(CapBnd|Seccomp|NoNewPrivs):'
    many_groups
    walls=$(grep -E "$what" "/proc/$(below "$begun" walls)/status")
    assert "$walls" contains $'Seccomp:\t2'
    mc exec "$begun" -- grep -E "$what" /proc/self/status
    assert "$output" == "$walls"
    kill -KILL "$begun"
    all_end 10
}

@test "1,400 groups: a signal ends the container" {
    requires root user
    many_groups
    kill -TERM "$begun"
    all_end 10 || fail "SIGTERM does not end it"
}

@test "a uid_map of 340 lines: 0 inside is not 0 outside because a line was not read" {
    requires root
    local i map=''
    for ((i = 0; i < 339; i++)); do map+="$i $i 1"$'\n'; done
    map+="524288 524288 2000000000"
    echo "$map" >map
    cat >long.sh <<'END'
mkfifo go
unshare --user sh -c 'echo $$ >pid; read -r _ <go; exec setpriv --reuid=0 --regid=0 --clear-groups \
    minicontainer run -- cat /proc/self/uid_map' &
i=0
until [ -s pid ]; do i=$((i + 1)); [ $i -lt 500 ] || exit 99; sleep 0.02; done
dd if=map of="/proc/$(cat pid)/uid_map" bs=64k status=none
dd if=map of="/proc/$(cat pid)/gid_map" bs=64k status=none
echo >go
wait $!
END
    call sh long.sh
    assert "$output" =~ '^ *0 +[1-9][0-9]+ +65536$'
}

# ---------------------------------------------------------------------------------------------
# 10. Cgroups
# ---------------------------------------------------------------------------------------------

# A part of the tree with an odd name, as systemd makes them; a leaf in it is where a container's
# caller is to stand. (Where processes stand no controller can be switched on.)
odd_cgroup() { # NAME
    local home
    for home in $(own_cgroups); do
        if [ -z "$(cat "$home/cgroup.procs")" ] || [ ! -e "$home/cgroup.type" ]; then break; fi
    done
    ODD=$home/$1
    mkdir "$ODD" "$ODD/leaf"
    grep -q pids "$ODD/cgroup.controllers" || skip "no controllers below $home"
}

leave_odd() {
    local dir
    while read -r dir; do
        wait_for '[ -z "$(cat "$dir/cgroup.procs")" ]' 10
        rmdir "$dir"
    done < <(find "$ODD" -depth -type d)
    ODD=
}

# The directory of the container whose supervisor is PID.
limits_of() { find /sys/fs/cgroup -type d -name "minicontainer-$1"; }

@test "limits: a second start leaves those of a living container, whatever the path is called" {
    requires limits
    local name dir first in_odd='echo $$ >"$0/leaf/cgroup.procs" && exec "$@"'
    for name in 'mc\x2dwalls' 'mc[a-z]walls' 'mc*walls?' 'mc walls'; do
        odd_cgroup "$name"
        begin sh -c "$in_odd" "$ODD" minicontainer run --pids-limit 50 "${INSIDE[@]}" \
            -- /mnt/walls wait
        first=$begun
        dir=$(limits_of "$first")
        assert "$dir" starts "$ODD/" "it is there that they are made"
        assert "$(<"$dir/pids.max")" == 50
        call sh -c "$in_odd" "$ODD" minicontainer run --pids-limit 20 -- true
        assert "$(cat "$dir/pids.max")" == 50 "$name"
        kill -KILL "$first"
        all_end 10
        # And what a killed one has left goes with the next start.
        call sh -c "$in_odd" "$ODD" minicontainer run --pids-limit 20 -- true
        assert "$([ -d "$dir" ] && echo there)" == "" "$name"
        leave_odd
    done
}

@test "limits: a stranger's lock on our directory keeps nobody out, and nothing is left" {
    requires limits
    local home dir
    begin minicontainer run --pids-limit 50 "${INSIDE[@]}" -- /mnt/walls wait
    dir=$(limits_of "$begun")
    home=${dir%/*}
    (remember_session; exec setsid flock "$home" flock "$dir" sleep 60 3>&- 4>&- 8>&-) &
    disown "$!"
    wait_for '! flock -n "'"$home"'" true'
    mc run --pids-limit 20 -- true
    kill -KILL "$begun"
    all_end 10
    mc run --pids-limit 20 -- true
    assert "$([ -d "$dir" ] && echo there)" == ""
}

@test "limits: the next start removes the directories of the dead, and of nobody else" {
    requires limits
    local home dir dead
    begin minicontainer run --pids-limit 50 "${INSIDE[@]}" -- /mnt/walls wait
    dir=$(limits_of "$begun")
    home=${dir%/*}
    sh -c 'exit 0' &
    dead=$!
    wait "$dead"
    MADE=$home
    mkdir -p "$home/minicontainer-$dead/box" "$home/minicontainer-$$/box" "$home/minicontainer-x"
    mc run --pids-limit 20 -- true
    assert "$(ls -d "$home"/minicontainer-*)" contains "minicontainer-$$" "it lives"
    assert "$(ls -d "$home"/minicontainer-*)" contains "minicontainer-x" "it is not ours"
    assert "$(ls -d "$home"/minicontainer-*)" lacks "minicontainer-$dead"
    assert "$([ -d "$dir" ] && echo there)" == there
    kill -KILL "$begun"
    all_end 10
    mc run --pids-limit 20 -- true
}

# ---------------------------------------------------------------------------------------------
# 11. What our processes show
# ---------------------------------------------------------------------------------------------

# The container's init is held after each of its calls, once it has made the command.
init_is_closed() { # OPTIONS...
    export SECRET=do-not-show-it
    call ./walls hold minicontainer run "$@" "${INSIDE[@]}" -- /mnt/walls reach
    assert "$output" starts closed "$*"
    call ./walls hold minicontainer run "$@" "${INSIDE[@]}" -- /mnt/walls secrets "$SECRET"
    assert "$output" == looked "$*"
}

@test "init: the command cannot look into it, from the first moment on" {
    local who
    for who in $(people); do
        $who init_is_closed
        $who init_is_closed --init
        $who init_is_closed --init --privileged
    done
    if [ "$(id -u)" = 0 ]; then init_is_closed --init --map 0:0:1; fi
}

@test "lab: no process in it shows the caller's environment, from the first moment on" {
    local who
    export SECRET=do-not-show-it
    cat >look.sh <<'END'
cat /proc/self/environ | tr '\0' '\n' | grep -c '^PATH='
cat /proc/[0-9]*/environ | tr '\0' '\n' | grep -c do-not-show-it
END
    for who in $(people); do
        $who call -any ./walls hold minicontainer lab sh -c "$(<look.sh)"
        assert "$output" == $'1\n0' "$who"
    done
}

@test "compare: no process of it shows the caller's environment to COMMAND" {
    local who row
    export SECRET=do-not-show-it
    for who in $(people); do
        for row in user uts; do
            $who mc compare "$row" -- \
                sh -c 'cat /proc/[0-9]*/environ 2>/dev/null | tr "\0" "\n" | grep -c ^SECRET='
            assert "$(grep -cE '^0 +\| 0$' <<<"$output")" == 1 "$who, $row"
        done
    done
}

@test "doctor, compare: no process of theirs shows the caller's environment to another user" {
    local who command
    export SECRET=do-not-show-it
    for who in $(people); do
        for command in doctor compare "compare user -- true"; do
            # shellcheck disable=SC2086  # words
            $who call ./walls spy "$SECRET" minicontainer $command
            assert "$output" =~ 'looked at ([2-9]|[1-9][0-9]+) processes'
            assert "$output" lacks OPEN "$who, $command"
        done
    done
}

# ---------------------------------------------------------------------------------------------
# 12. The range of numbers
# ---------------------------------------------------------------------------------------------

# range WHAT: first number and count of the container's map, in $first and $count.
range() { # FILE COMMAND...
    local file=$1
    shift
    call "$@" minicontainer run -- cat "/proc/self/$file"
    read -r _ first count <<<"$output"
    assert "${#lines[@]}" == 1
    assert "$count" -eq 65536
    assert "$first" -ge 1879048192 "beyond what useradd and systemd give away"
    assert $((first + count)) -le 4294967295
}

@test "range: as real root, 0 inside begins a range that nobody owns" {
    requires root
    local first count file lines_of from length line other owned
    range uid_map
    range gid_map
    mkdir -p etc
    cp -L /etc/passwd /etc/group etc
    # FIRST COUNT: each begins before, in or behind what would be taken.
    for lines_of in "a:1879048192:65536" "a:1879048192:1" "a:1879113727:65536" \
        "a:1879000000:100000" "a:1879048192:65536 b:1879113728:65536 0:1879179264:65536" \
        "b:1879113728:65536 a:1879048192:65536" "a:100000:2000000000" \
        "#x nonsense a:b:c a:1879048192 a:1879048192:0 a:1879048192:100"; do
        for other in uid gid both; do
            : >etc/subuid
            : >etc/subgid
            if [ "$other" != gid ]; then tr ' ' '\n' <<<"$lines_of" >etc/subuid; fi
            if [ "$other" != uid ]; then tr ' ' '\n' <<<"$lines_of" >etc/subgid; fi
            # It is taken, and owned by nobody; or refused, and owned by somebody.
            owned=''
            for line in $lines_of; do
                IFS=: read -r _ from length <<<"$line"
                if [[ ! $from =~ ^[0-9]+$ || ! $length =~ ^[0-9]+$ ]]; then continue; fi
                if ((from < 1879048192 + 65536 && 1879048192 < from + length)); then owned=$line; fi
            done
            if [ -n "$owned" ]; then
                call -125 unshare --mount sh -c 'mount --bind etc /etc && exec "$@"' sh \
                    minicontainer run -- true
                assert "$stderr" contains "--map 0:FIRST:65536" "$owned"
                continue
            fi
            for file in uid_map gid_map; do
                range "$file" unshare --mount sh -c 'mount --bind etc /etc && exec "$@"' sh
                assert "$first" == 1879048192 "$lines_of"
            done
        done
    done
}

@test "range: root without CAP_SETUID is not silently 0 outside" {
    requires root
    local without zero='^ *0 +0 '
    for without in -setuid -setgid -setuid,-setgid; do
        call -any setpriv --bounding-set="$without" --inh-caps=-all \
            minicontainer run -- cat /proc/self/uid_map
        if [ "$status" != 0 ]; then
            assert "$status" == 125 "$without"
            assert "$stderr" =~ '(SETUID|SETGID)' "it is said what is missing"
        elif [[ $output =~ $zero ]]; then
            assert "$stderr" =~ 'note: .*0.*outside' "$without"
        fi
    done
}

@test "range: root that maps 0 to 0 is told so" {
    requires root
    mc run --map 0:0:1 -- true
    assert "$stderr" =~ 'minicontainer: note: .*0.*outside'
    mc run -- true
    assert "$stderr" == ""
    as_user mc run -- true
    assert "$stderr" == "" "0 is not root of the machine"
}

# ---------------------------------------------------------------------------------------------
# 13. Calls that fail, and devices
# ---------------------------------------------------------------------------------------------

@test "caps: a capability that the bounding set will not lose ends the start" {
    local who cap
    for who in $(people); do
        for cap in 2 12 16 19 21 25 34 39 40; do
            $who call -any ./walls keeps "$cap" minicontainer run -- grep CapBnd /proc/self/status
            assert "$status" == 125 "$who, capability $cap"
            assert "$output" == ""
        done
        # Above what the file knows: EINVAL is what a kernel says that does not know it, either.
        for cap in 41 63; do $who call ./walls keeps "$cap" minicontainer run -- true; done
    done
}

@test "mounts: where no directory is found in our own tree, nothing starts without its mount" {
    local who options
    for who in $(people); do
        for options in "" --no-pid "--only user,mnt,root" "--only user,pid,mnt,root,proc"; do
            # shellcheck disable=SC2086  # words
            $who call -any ./walls nothing minicontainer run $options -- sh -c '
                [ -c /dev/null ] && [ -e /proc/self/status ] && [ -d /sys/class ] && echo whole'
            if [ "$status" != 125 ]; then assert "$output" == whole "$who, $options"; fi
        done
        # An image may lack them.
        $who mc run --image ./bare -- /walls calls
    done
}

# A /dev of our own, with nodes of our own, in namespaces that are thrown away: there root can do
# what it must not be able to do to the machine's.
cat_devices_script() {
    cat <<'END'
look() { (cd /dev && stat -c '%n %a %U %Y' null zero full random urandom tty); }
mkdir dev && mount -t tmpfs -o dev,mode=755 none dev && cd dev || exit 99
mknod null c 1 3; mknod zero c 1 5; mknod full c 1 7
mknod random c 1 8; mknod urandom c 1 9; mknod tty c 5 0
chmod 0666 null zero full random urandom tty
mkdir pts shm mqueue
mount --rbind . /dev || exit 99
before=$(look)
$AS minicontainer run "$@" -- sh -c '
    for d in null zero full random urandom tty; do
        chmod 000 /dev/$d && echo "OPEN: chmod $d"
        chown 7 /dev/$d && echo "OPEN: chown $d"
        touch -d 1970-01-02 /dev/$d && echo "OPEN: touch $d"
    done
    echo nothing >/dev/null && echo "null works"
    [ "$(head -c 4 /dev/zero | tr "\\0" z)" = zzzz ] && echo "zero works"
    [ "$(head -c 4 /dev/urandom | wc -c)" = 4 ] && echo "urandom works"
    echo x >/dev/full || echo "full works"'
if [ "$(look)" = "$before" ]; then echo unchanged; fi
END
}

# The program is run as WHO by options; each of its answers is as it must be.
devices_hold() { # WHO OPTIONS...
    local who=$1
    shift
    AS=${who:+setpriv --reuid=$who --regid=$who --clear-groups --inh-caps=-all} \
        call -any unshare --mount sh devices.sh "$@"
    rmdir dev
    assert "$output" lacks OPEN "run $*"
    assert "$output" has-line unchanged
    assert "$output" contains $'null works\nzero works\nurandom works\nfull works'
}

@test "devices: the machine's can be used inside, and not changed" {
    requires root
    cat_devices_script >devices.sh
    devices_hold ""
    devices_hold "" --no-user
    devices_hold "" --map 0:0:1
    devices_hold "" --no-user --privileged
    devices_hold 1000
    devices_hold 1000 --privileged
}

@test "devices: as an ordinary user they can be used" {
    requires user
    as_user mc run -- sh -c 'for d in null zero random urandom; do echo x >/dev/$d || exit 1; done
        head -c 4 /dev/zero | tr "\0" z'
    assert "$output" == zzzz
}

# The machine is one with a queue in /dev/mqueue; its /dev is put together of the real one.
cat_queue_script() {
    cat <<'END'
mkdir dev && mount -t tmpfs none dev && cd dev || exit 99
for d in null zero full random urandom tty; do touch $d && mount --bind /dev/$d $d; done
mkdir pts shm mqueue && mount -t mqueue none mqueue && : >mqueue/machine
mount --rbind . /dev || exit 99
ls /dev/mqueue
for options in "" --no-root "--no-root --no-proc" "--only user,mnt,ipc" "--only user,mnt,ipc,root" \
    "--no-ipc --no-root"; do
    minicontainer run $options -- sh -c 'echo "($0) has ($(ls /dev/mqueue))"' "$options"
done
END
}

@test "ipc: /dev/mqueue shows the container's own queues, with root off, too" {
    local who root=--map-root-user
    cat_queue_script >queue.sh
    chmod 0777 .
    for who in $(people); do
        $who call unshare --user "$root" --mount --ipc sh queue.sh
        assert "$output" == "machine
() has ()
(--no-root) has ()
(--no-root --no-proc) has ()
(--only user,mnt,ipc) has ()
(--only user,mnt,ipc,root) has ()
(--no-ipc --no-root) has (machine)" "$who"
        rmdir dev
    done
}

# ---------------------------------------------------------------------------------------------
# 14. The filter
# ---------------------------------------------------------------------------------------------

@test "filter: AF_ALG, pidfd_getfd, process_madvise and other calls that no container needs" {
    local who name
    for who in $(people); do
        # Control: without the filter none of them is forbidden, but a kernel may not have it.
        $who mc run --no-seccomp "${INSIDE[@]}" -- /mnt/walls calls
        assert "$(grep -v listns <<<"$output")" lacks EPERM
        $who mc run "${INSIDE[@]}" -- /mnt/walls calls
        for name in "socket(AF_ALG)" "socket(AF_ALG|CLOEXEC)" "socket(AF_ALG|1<<32)" pidfd_getfd \
            process_madvise set_mempolicy_home_node lsm_set_self_attr listns; do
            assert "$(grep -F "$name " <<<"$output")" =~ ' (EPERM|ENOSYS)$' "$who, $name"
        done
    done
}
