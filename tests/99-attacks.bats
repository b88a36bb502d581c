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

# What is open by default, and the words of README ("What it promises, and what not") that say so.
OPEN_BY_DESIGN="
group   its process group is your job's
groups  an ordinary user's further groups go along
"

# What may be untried, and why no machine can try all: a second user in a map of one; control
# groups of version 1; a kernel without the magic key; calls of x86-64 alone.
MAY_BE_UNTRIED=' suid release-agent sysrq int80 x32 iopl '

# CONTROLS: attack, who can see it open (any, root: only root of the machine), and where:
#   host OPTIONS   in a container with these options; tty: the same, on a terminal
#   lab OPTIONS    the same, in a lab, with the lab for a machine
#   COMMAND...     without any container
# The other attacks have no control, and here is why:
#   group: it is open. x32: Linux must be built for it, and hardly one is.
CONTROLS='
exe            any   lab --only none
fds            any   ./attack dirty ./attack fds
cwd            root  ./attack outside one /attack cwd
environ        any   ./attack dirty ./attack environ
signals        any   ./attack dirty ./attack signals
keyring        any   ./attack dirty ./attack keyring
groups         root  setpriv --groups 0,1,2 ./attack groups
chroot         any   lab --no-mnt --image /tmp/one
procroot       any   lab --only mnt,root -v /tmp:/mnt
handle         root  host --only none
mknod          root  host --privileged --no-user --image one
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
NO_CONTROL=' group x32 '

setup_file() {
    local to=$BATS_FILE_TMPDIR/attack from=$BATS_TEST_DIRNAME/attack.c
    chmod 0755 "$BATS_FILE_TMPDIR"
    { musl-gcc -std=c11 -O1 -static -s -o "$to" "$from" ||
        "${CC:-cc}" -std=c11 -O1 -static -s -o "$to" "$from"; } >"$to.log" 2>&1 || true
}

# Each test has ./attack, and what the attacks want to know of this machine.
setup() {
    mc_setup
    requires cc userns
    if [ ! -x "$BATS_FILE_TMPDIR/attack" ]; then
        cat "$BATS_FILE_TMPDIR/attack.log"
        [ -z "${MC_MUST_RUN-}" ] || fail "attack.c cannot be built, and MC_MUST_RUN is set"
        skip "attack.c cannot be built: no static libc here"
    fi
    cp "$BATS_FILE_TMPDIR/attack" .
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

# all_closed LINES: every attack is among them; what is not closed is known.
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
        if [ "$attack" = mknod ]; then
            options+=" -- /attack $attack"
        elif [[ $* == *--only* ]]; then
            options+=" -- $PWD/attack $attack"
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
        *"release-agent untried"* | *"sysrq untried"*) ;;
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
    for options in "" "--init" "--read-only" "--no-time --no-cgroup"; do
        pty -any "./attack dirty ./minicontainer run $options $(facts) $(volumes) -- /mnt/attack all"
        all_closed "$output"
    done
    # In an image, which has not what the attacks look for unless we put it there.
    pty -any "./attack dirty ./minicontainer run --image one $(facts) -v $PWD/volume:/srv \
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
