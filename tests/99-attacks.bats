# shellcheck disable=SC2094  # "attack" is a word, and a file
# 99-attacks.bats -- the ways out of a container that others were left by, each tried.
#
# attack.c tries them (its head says how; `attack list` says which). First the controls: without
# the wall each of them opens, so that "closed" means something. Those are run in a lab, or with
# namespaces of their own; what can be shown only on the machine itself stops at the door (a file
# is opened for writing, and nothing is written). Then: with the walls all are closed, or README
# says why not. Then images that are traps, and traps that change while we look. Then what a
# container can do to who enters it.

load helpers
load session

# What is open by design, and the words of README ("What it promises, and what not") that say so.
# (The process group only where the command is PID 1: see all_closed.)
OPEN_BY_DESIGN="
group   is in your job's process group
groups  an ordinary user's further groups go along
"

# What may be untried, and why no machine can try all: a second user in a map of one; control
# groups of version 1; a kernel without the magic key; calls of x86-64 alone.
MAY_BE_UNTRIED=' suid release-agent sysrq int80 x32 iopl '

# CONTROLS: attack, who can see it open (any, root: only root of the machine), and where:
#   host OPTIONS   in a container with these options; tty: the same, on a terminal
#   lab OPTIONS    the same, in a lab, with the lab for a machine
#   COMMAND...     without any container
# One attack has no control: x32. Linux must be built for it, and hardly one is.
CONTROLS='
exe            any   lab --only none
fds            any   ./attack dirty ./attack fds
cwd            root  ./attack outside one /attack cwd
environ        any   ./attack dirty ./attack environ
signals        any   ./attack dirty ./attack signals
keyring        any   ./attack dirty ./attack keyring
groups         root  setpriv --groups 0,1,2 ./attack groups
group          any   host --no-init
chroot         any   lab --no-mnt --image /tmp/one
procroot       any   lab --only mnt,root -v /tmp:/mnt
handle         root  host --only none
mknod          root  host --only none
devices        root  host --only none
suid           root  ./attack suid
ro-volume      any   lab --only none
remount        any   host --privileged
mount          any   host --privileged
propagation    any   unshare -Urm --propagation shared ./attack propagation
release-agent  root  host --privileged --no-user
sysrq          root  host --privileged --map 0:0:1
sysctl         root  host --privileged --map 0:0:1
sys            root  host --only none
masked         any   host --privileged
syslog         root  host --only none
clock          root  host --only none
module         root  host --only none
kexec          root  host --only none
reboot         any   host --privileged
swap           root  host --only none
acct           root  host --only none
bpf            root  host --only none
perf           any   host --privileged
userfaultfd    any   host --privileged
io_uring       any   host --privileged
fanotify       any   host --privileged
personality    any   host --privileged
vsock          any   host --privileged
userns         any   host --privileged
int80          any   host --privileged
iopl           root  host --only none
kill           any   lab --only none
prlimit        any   lab --only none
ptrace         any   lab --only none
setns          any   lab --only uts
abstract       any   lab --only none
tiocsti        root  tty --only none
tioclinux      any   tty --privileged
ctty           root  tty --only none
limits         root  host --only none
rlimit         root  host --only none
priority       root  host --only none
'
NO_CONTROL=' x32 '

setup_file() { build_static attack; }

# Each test has ./attack, and what the attacks want to know of this machine.
setup() {
    mc_setup
    requires userns
    need_static attack
    mkdir -p one/dev one/proc one/sys one/tmp one/mnt one/srv one/opt volume
    cp attack one
    chmod -R a+rX,u+w one attack
    chmod 0777 volume one one/tmp
    MACHINE=$(stat -Lc %i /proc/self/ns/mnt)
}

# The program, as a file of whoever runs it: an ordinary user can write to it, and so could an
# attack.
own_program() {
    rm -f minicontainer
    cp "$MC" minicontainer
    if [ "${#MC_AS[@]}" != 0 ]; then chown "$(mc_id)" minicontainer; fi
}

# A process of this machine, as whoever calls us, with a socket @$SOCKET. It ends with the test.
start_victim() {
    SOCKET=minicontainer-attack-$BATS_TEST_NUMBER-$BASHPID
    rm -f hold victim
    mkfifo -m 0666 hold
    exec 7<>hold
    (remember_session; exec setsid ${MC_AS[@]+"${MC_AS[@]}"} ./attack victim "$SOCKET" \
        <hold >victim 7>&- 3>&- 4>&-) &
    wait_for '[ -s victim ]'
    VICTIM=$(<victim)
}

end_victim() {
    exec 7>&-
    wait
}

teardown() { session_end; exec 7>&-; }

# The options that tell the attacks about the world outside.
facts() {
    echo "--env ATTACK_MNT=$MACHINE --env ATTACK_PID=$VICTIM --env ATTACK_SOCKET=$SOCKET" \
        "--env ATTACK_RO=/opt --env ATTACK_VOLUME=/srv"
}

# What a default container is shown of the machine: the program, a directory, and /dev, which has
# other mounts below it and must stay read-only with them.
volumes() { echo "-v $PWD/attack:/mnt/attack:ro -v $PWD/volume:/srv -v /dev:/opt:ro"; }

# all_closed LINES [OPTIONS]: every attack is among them; what is not closed is known.
all_closed() {
    local attack word rest lines=$1 count=0 bad='' readme
    readme=$(tr -s ' \n' ' ' <"$TOP/README.md")
    while read -r attack word rest; do
        if ! grep -q "^$attack " list; then continue; fi
        count=$((count + 1))
        case $word in
        closed) continue ;;
        untried) [[ $MAY_BE_UNTRIED == *" $attack "* ]] && continue ;;
        OPEN)
            if [ "$attack" = group ] && [[ ${2-} != *--no-init* ]]; then
                bad+="$attack $word $rest"$'\n'
                continue
            fi
            words=$(sed -n "s/^$attack  *//p" <<<"$OPEN_BY_DESIGN")
            if [ -n "$words" ] && [[ $readme == *"$words"* ]]; then continue; fi
            ;;
        esac
        bad+="$attack $word $rest"$'\n'
    done <<<"$lines"
    assert "$bad" == "" "what is neither closed nor said in README"
    assert "$count" == "$(wc -l <list)" "each attack was tried once"
}

# ---------------------------------------------------------------------------------------------
# Controls
# ---------------------------------------------------------------------------------------------

control() { # ATTACK WHERE OPTIONS...
    local attack=$1 where=$2 options
    shift 2
    case $where in
    host | tty)
        options="$* $(facts)"
        if [[ $* == *--only* ]]; then
            options+=" --env ATTACK_DIR=$PWD -- $PWD/attack $attack"
        else
            options+=" $(volumes) -- /mnt/attack $attack"
        fi
        # shellcheck disable=SC2086  # words
        if [ "$where" = host ]; then mc -any run $options; else pty -any "minicontainer run $options"; fi
        ;;
    lab)
        mc -any lab --env MACHINE="$MACHINE" --env OPTIONS="$*" --env ATTACK="$attack" sh -c '
            mkdir /tmp/one; cat >/tmp/one/attack; chmod 0755 /tmp/one /tmp/one/attack
            cp /tmp/one/attack /tmp/attack
            sleep 1000 & other=$!
            case $OPTIONS in *image*) at=/attack ;; *mnt,root*) at=/mnt/attack ;;
            *) at=/tmp/attack ;; esac
            minicontainer run $OPTIONS --env ATTACK_MNT=$MACHINE --env ATTACK_PID=$other \
                --env ATTACK_SOCKET=victim --env ATTACK_RO=/dev -- $at $ATTACK' <attack
        ;;
    *) call -any "$where" "$@" ;;
    esac
}

controls() {
    local attack who how bad=''
    start_victim
    while read -r attack who how; do
        if [ -z "$attack" ] || { [ "$who" = root ] && [ "$(mc_id)" != 0 ]; }; then continue; fi
        # shellcheck disable=SC2086  # words
        control "$attack" $how
        # What this kernel does not have at all cannot be open; nor what root has not.
        case $output in
        *"$attack OPEN "*) ;;
        *ENOSYS*) echo "(this kernel has no such call)" ;;
        *EAFNOSUPPORT*) echo "(this kernel has no such socket)" ;;
        # No gate for 32-bit calls: the processor itself says no. (A filter would send SIGSYS.)
        *"int80 closed"*"signal 11"*) echo "(this kernel has no 32-bit calls)" ;;
        *"release-agent untried"* | *"sysrq untried"*) ;;
        *"mknod closed"*EACCES* | *"suid closed"*) # a test directory that is itself nodev, nosuid
            grep -qE 'nodev|nosuid' <<<"$(findmnt -nT . -o OPTIONS 2>/dev/null)" ||
                bad+=$output$'\n'
            ;;
        *"rlimit closed"*) # CAP_SYS_RESOURCE
            [ $((0x$(awk '/CapEff/ { print $2 }' /proc/self/status) >> 24 & 1)) = 0 ] ||
                bad+=$output$'\n'
            ;;
        *) bad+="$attack ($how): $output"$'\n' ;;
        esac
    done <<<"$CONTROLS"
    end_victim
    assert "$bad" == "" "attacks that must open where there is no wall"
}

# Who would run a command now: as_user sets MC_AS.
mc_id() { ${MC_AS[@]+"${MC_AS[@]}"} id -u; }

@test "controls: without its wall each attack opens" {
    requires tty
    controls
}

@test "controls: as an ordinary user, too" {
    requires root user tty
    as_user controls
}

@test "each attack has a control, or a reason why it has none" {
    local attack
    ./attack list >list
    while read -r attack _; do
        if [[ $NO_CONTROL == *" $attack "* ]]; then continue; fi
        assert "$CONTROLS" contains $'\n'"$attack " "$attack"
    done <list
    while read -r attack _; do
        [ -z "$attack" ] || assert "$(<list)" =~ "(^|"$'\n'")$attack " "there is such an attack"
    done <<<"$CONTROLS$OPEN_BY_DESIGN"
}

@test "what is open by design stands in README, in these words" {
    local attack words readme
    readme=$(sed -n '/^## What it promises/,/^## Contributing/p' "$TOP/README.md" | tr -s ' \n' ' ')
    while read -r attack words; do
        [ -z "$attack" ] || assert "$readme" contains "$words" "$attack"
    done <<<"$OPEN_BY_DESIGN"
}

# ---------------------------------------------------------------------------------------------
# With the walls
# ---------------------------------------------------------------------------------------------

# The caller is as careless as can be: `attack dirty`.
closed_by_default() {
    local options
    ./attack list >list
    own_program
    start_victim
    for options in "" "--no-init" "--read-only" "--no-time --no-cgroup"; do
        pty -any "./attack dirty ./minicontainer run $options $(facts) $(volumes) -- /mnt/attack all"
        all_closed "$output" "$options"
    done
    # In an image, which has not what the attacks look for unless we put it there.
    pty -any "./attack dirty ./minicontainer run --image ./one $(facts) -v $PWD/volume:/srv \
        -v /dev:/opt:ro -- /attack all"
    all_closed "$output"
    end_victim
}

@test "by default every attack is closed, or README says why not" {
    requires tty
    closed_by_default
}

@test "as an ordinary user, too" {
    requires root user tty
    as_user closed_by_default
}

@test "as real root, also without a map: what is left holds" {
    requires root tty
    local options
    ./attack list >list
    start_victim
    for options in "--map 0:0:1" "--no-user" "--no-user --image ./one"; do
        # shellcheck disable=SC2046,SC2086  # words
        if [[ $options == *image* ]]; then
            pty -any "minicontainer run $options $(facts) -v $PWD/volume:/srv -v /dev:/opt:ro -- /attack all"
        else
            pty -any "minicontainer run $options $(facts) $(volumes) -- /mnt/attack all"
        fi
        all_closed "$output"
    done
    end_victim
}

# A second window has the same walls.
closed_in_exec() {
    ./attack list >list
    own_program
    start_victim
    rm -f go
    mkfifo -m 0666 go
    exec 8<>go
    (
        remember_session
        # shellcheck disable=SC2046  # words
        exec ${MC_AS[@]+"${MC_AS[@]}"} ./minicontainer run $(volumes) -- /mnt/attack victim inside
    ) <go >inside 8>&- 7>&- 3>&- 4>&- &
    wait_for '[ -s inside ]'
    pty -any "./attack dirty ./minicontainer exec $(facts) $! -- /mnt/attack all"
    exec 8>&-
    all_closed "$output"
    end_victim
}

@test "in a second window by exec every attack is closed, or README says why not" {
    requires tty
    closed_in_exec
}

@test "in a second window as an ordinary user, too" {
    requires root user tty
    as_user closed_in_exec
}

# ---------------------------------------------------------------------------------------------
# Who enters a container (CVE-2016-9962)
# ---------------------------------------------------------------------------------------------

# exec, told step by step: so the container has all the time in the world to look at who enters,
# before that is the command. What he still holds leads out.
nothing_in_reach() { # OPTIONS...
    local inside looks=0
    own_program
    rm -f go
    mkfifo -m 0666 go
    exec 8<>go
    : >seen
    (
        remember_session
        exec ${MC_AS[@]+"${MC_AS[@]}"} ./minicontainer run "$@" -v "$PWD/attack:/mnt/attack:ro" \
            -- /mnt/attack ambush
    ) <go >seen 8>&- 7>&- 3>&- 4>&- &
    inside=$!
    wait_for '[ "$(<seen)" = waiting ]'
    session_start
    session_prompt
    session_type "./minicontainer exec --step $inside -- /bin/true"
    session_prompt
    while [[ $prompt == *Enter* ]]; do
        looks=$((looks + 1))
        echo >&8
        wait_for '[ "$(grep -c looked seen)" = '"$looks ]"
        session_key '\n'
        prompt='$ '
        session_prompt
    done
    session_end
    kill -KILL "$inside"
    exec 8>&-
    wait "$inside" || true
    sort seen | uniq -c
    assert "$(grep -c '^looked at 1$' seen)" -ge 2 "who enters was there to be looked at"
    assert "$(<seen)" lacks OPEN
}

@test "who enters by exec cannot be looked into" {
    requires tty
    nothing_in_reach
    nothing_in_reach --no-caps
    nothing_in_reach --no-init
    if [ "$(id -u)" = 0 ]; then nothing_in_reach --map 0:0:1; fi
}

@test "an ordinary user who enters by exec, neither" {
    requires root user tty
    as_user nothing_in_reach
    as_user nothing_in_reach --no-caps
    as_user nothing_in_reach --no-init
}

# Who calls itself lab, and is no lab, shall not have the next one who types `exec lab`.
not_a_lab() {
    local inside
    cp attack one/lab
    rm -f go
    mkfifo -m 0666 go
    exec 8<>go
    (
        remember_session
        exec ${MC_AS[@]+"${MC_AS[@]}"} "$MC" run --image ./one -- /lab ambush
    ) <go >seen 8>&- 7>&- 3>&- 4>&- &
    inside=$!
    wait_for '[ -s seen ]'
    assert "$(pgrep -x -P "$(pgrep -P "$inside")" lab)" not-empty
    # (A lab of somebody else's tests may be there: it has no /attack.)
    mc -any exec lab -- /attack list
    assert "$status" -ge 125
    mc exec "$inside" -- /attack list
    kill -KILL "$inside"
    exec 8>&-
    wait "$inside" || true
}

@test "exec lab does not enter a container whose command calls itself lab" {
    requires ps
    if [ "$(id -u)" = 0 ]; then as_user not_a_lab; else not_a_lab; fi
}

# With pid off our init and the supervisor end what is below them. What the caller has started is
# not theirs, nor what falls to them from that.
@test "the caller's older children, and what these leave behind, are not ended with the container" {
    local rows
    for rows in --none "--only user"; do
        rm -f pids up
        # The daemon loses its parent while the container runs.
        # shellcheck disable=SC2086  # words
        call -3 sh -c 'trap "" HUP; sleep 1000 & echo $! >pids
            (setsid sleep 1000 & echo $! >>pids; until [ -e up ]; do sleep 0.1; done) &
            until [ -s pids ] && [ "$(wc -l <pids)" = 2 ]; do sleep 0.1; done
            exec "$0" run "$@" -- sh -c ":>up; sleep 0.5; sleep 1000 & setsid sleep 1000 & exit 3"' \
            "$MC" $rows
        # shellcheck disable=SC2046  # numbers
        kill -KILL $(<pids)
        no_process_left
    done
}

# CVE-2019-5736: the command is a link to /proc/self/exe, or a script that names it. Then it is our
# own program that runs in there, and its file can be reached. (It fills a pipe, and waits.)
own_file_is_safe() { # OPTIONS...
    local inside entering file name
    own_program
    for file in ./minicontainer $(ldd "$MC" | grep -o '/[^ ]*'); do cp --parents "$file" one; done
    ln -sf /proc/self/exe one/link
    printf '#!/proc/self/exe source\n' >one/script
    chmod -R a+rX one
    chmod 0755 one/script
    rm -f go full
    mkfifo -m 0666 go full
    exec 8<>go 7<>full
    : >seen
    (
        remember_session
        exec ${MC_AS[@]+"${MC_AS[@]}"} ./minicontainer run --image ./one "$@" -- /attack ambush
    ) <go >seen 8>&- 7>&- 3>&- 4>&- &
    inside=$!
    wait_for '[ "$(<seen)" = waiting ]'
    for name in link script; do
        (
            remember_session
            exec ${MC_AS[@]+"${MC_AS[@]}"} ./minicontainer exec "$inside" -- "/$name" source
        ) >full 2>&1 8>&- 7>&- 3>&- 4>&- &
        entering=$!
        # The supervisor's child is an init, and the command is the child of that.
        wait_for "pgrep -x -P \"\$(pgrep -P $entering)\" '$name' || ! kill -0 $entering"
        mc -any exec "$inside" -- /attack exe
        kill -KILL "$entering"
        wait "$entering" || true
        # Had it not run, there would have been nothing to reach.
        assert "$output" =~ "^exe closed .*(sealed copy|EACCES)" "$name"
    done
    kill -KILL "$inside"
    exec 8>&- 7>&-
    wait "$inside" || true
}

@test "an image that makes our program run inside it cannot write to its file" {
    requires ps
    own_file_is_safe
    if [ "$(id -u)" = 0 ]; then own_file_is_safe --map 0:0:1; fi
}

@test "an image that makes an ordinary user's program run inside it, neither" {
    requires root user ps
    as_user own_file_is_safe
}

# ---------------------------------------------------------------------------------------------
# Images and volumes that are traps
# ---------------------------------------------------------------------------------------------

# A directory of the machine that the traps lead to, and that must stay as it is. It belongs to
# whoever runs the container, and even the container's root could write it.
make_outside() {
    rm -rf outside
    ${MC_AS[@]+"${MC_AS[@]}"} mkdir -p outside/dev/pts outside/proc/sys outside/sys outside/etc outside/deep
    ${MC_AS[@]+"${MC_AS[@]}"} sh -c 'cd outside && echo precious | tee null console file etc/passwd >/dev/null
        mkfifo fifo; ln -s file link; chmod -R a+rwX .; chmod 0644 file'
    touch -d '2001-02-03 04:05:06' outside/* outside/*/* outside
}

# Contents, kinds, modes, owners, times: of the directory, and the machine's mount table.
outside() {
    (cd outside && find . -printf '%p %y %m %U %G %s %T@ %C@ %l\n' | sort &&
        find . -type f -exec sha256sum {} + | sort)
    cat /proc/self/mountinfo
}

# An image with our program, where each trap is set anew.
make_image() {
    rm -rf img
    ${MC_AS[@]+"${MC_AS[@]}"} mkdir -p img/dev/pts img/proc img/sys img/etc img/tmp img/vol img/a/b
    ${MC_AS[@]+"${MC_AS[@]}"} touch img/dev/null img/dev/console
    cp attack img
    chmod -R a+rwX img
}

# The command that writes wherever a trap may have led its writes.
PATHS='/dev /dev/null /dev/console /dev/pts /proc /sys /etc /etc/passwd /tmp /vol /a/b /a'

# sprung OPTIONS...: whatever the trap does, it is over soon, and changed nothing outside.
sprung() {
    # shellcheck disable=SC2086  # words
    mc -any run --image ./img "$@" -- /attack scribble $PATHS
    assert "$status" != 124 "it ended by itself"
    # Where something is to be mounted, a link is not followed but refused.
    if [ -L "img/$trap" ] && [[ $trap != dev/* ]]; then
        assert "$status" == 125 "$trap -> $target $*"
        assert "$stderr" contains "symbolic link"
    fi
    tried=$((tried + 1))
}

traps() {
    local trap target before tried=0 at=$PWD up=../../../../../../../../../../../..
    chmod 0777 .
    make_outside
    before=$(outside)
    for trap in dev dev/null dev/console dev/pts proc sys etc tmp vol a/b a; do
        for target in "$at/outside" "$up$at/outside" "../../outside/dev" ../outside/file \
            /proc/self/cwd/outside /proc/self/root/etc /proc/1/root "/proc/self/fd/3" /../../../etc \
            file directory fifo; do
            make_image
            rm -rf "img/$trap"
            case $target in
            file) echo x >"img/$trap" ;;
            directory) mkdir "img/$trap" ;;
            fifo) mkfifo -m 0666 "img/$trap" ;;
            *) ln -s "$target" "img/$trap" ;;
            esac
            case $trap in
            a | a/b) sprung -v "$at/volume:/a/b" ;;
            vol) sprung -v "$at/volume:/vol" ;;
            etc) sprung -v "$at/attack:/etc/passwd" ;;
            tmp) sprung -v "$at/volume:/tmp" ;;
            dev*) sprung -v "$at/volume:/$trap"; sprung ;;
            *) sprung; sprung --no-proc ;;
            esac
        done
        assert "$(outside)" == "$before" "$trap as a link to outside and others"
    done
    echo "traps: $tried"
    assert "$tried" -ge 180
}

@test "images with traps: nothing outside is created, changed or mounted" { traps; }

@test "images with traps: as an ordinary user, too" {
    requires root user
    as_user traps
}

@test "control: a command that may write to the directory outside does change it" {
    local before
    chmod 0777 .
    make_outside
    before=$(outside)
    mc run --image ./one -v "$PWD/outside:/mnt" -- /attack scribble /mnt /mnt/null
    assert "$output" contains "made /mnt/scribble"
    assert "$(outside)" != "$before"
}

# ---------------------------------------------------------------------------------------------
# Traps that are set while we look
# ---------------------------------------------------------------------------------------------

# race N A B OPTIONS... -- COMMAND...: N starts, while A and B are exchanged as fast as can be (an
# even number of times, so that in the end each is where it was).
race() {
    local n=$1 a=$2 b=$3 i before swapper status
    shift 3
    before=$(outside)
    rm -f stop
    mkfifo -m 0666 stop
    exec 8<>stop
    (remember_session; exec ${MC_AS[@]+"${MC_AS[@]}"} ./attack swap "$a" "$b" \
        <stop >swaps 8>&- 7>&- 3>&- 4>&-) &
    swapper=$!
    : >statuses
    for ((i = 0; i < n; i++)); do
        status=0
        ${MC_AS[@]+"${MC_AS[@]}"} timeout "$MC_TIMEOUT" "$MC" run --image ./img "$@" >>said 2>&1 \
            3>&- 4>&- 8>&- || status=$?
        echo "$status" >>statuses
    done
    echo >&8
    wait "$swapper"
    exec 8>&-
    echo "$a: $n starts, $(<swaps) exchanges; statuses: $(sort statuses | uniq -c | tr -s ' \n' ' ,')"
    assert "$(<swaps)" -gt "$n" "it was exchanged all the time"
    assert "$(grep -vxE '0|2|12[567]' statuses)" == "" \
        "each ended by itself, in a way of ours or of the attack's"
    assert "$(outside)" == "$before" "$a <-> $b"
    starts=$((starts + n))
}

races() {
    local at=$PWD trap starts=0
    chmod 0777 .
    make_outside
    make_image
    rm -f said img/dev/null img/dev/console
    ${MC_AS[@]+"${MC_AS[@]}"} rmdir img/dev/pts
    ${MC_AS[@]+"${MC_AS[@]}"} mkdir img/dev2 img/proc2
    # A link in the place of a directory that something is mounted on, of a parent, of the image.
    ${MC_AS[@]+"${MC_AS[@]}"} ln -s "$at/outside" img/link
    ${MC_AS[@]+"${MC_AS[@]}"} ln -s "$at/outside" link
    for trap in dev proc sys vol a; do
        # shellcheck disable=SC2086  # words
        race 20 "img/$trap" img/link -v "$at/volume:/vol" -v "$at/volume:/a/b" -- /attack scribble $PATHS
    done
    # shellcheck disable=SC2086  # words
    race 20 img link -v "$at/volume:/vol" -- /attack scribble $PATHS
    # Another directory in its place: what is made for /dev is not made there, and what covers
    # /proc does not lie there.
    race 50 img/dev img/dev2 -- /attack list
    assert "$(ls -A img/dev img/dev2)" == $'img/dev:\n\nimg/dev2:' "made in the image"
    rm -f said
    race 50 img/proc img/proc2 -- /attack masked
    cut -c 1-70 said | sort | uniq -c
    assert "$(<said)" lacks OPEN "a /proc without its covers"
    assert "$(<said)" contains "masked closed"
    assert "$starts" -ge 200
}

@test "200 starts in an image that is changed meanwhile: nothing outside, and no cover is missed" { races; }

@test "200 such starts as an ordinary user, too" {
    requires root user
    as_user races
}
