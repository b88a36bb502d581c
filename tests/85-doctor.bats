#!/usr/bin/env bats
#
# doctor: what this machine allows. Each verdict is held against what `run` does in the same place,
# where nothing hinders, and behind real and injected obstacles: the same outcome, the same words.

load helpers

ROWS='uts pid mnt proc root user ipc net cgroup time caps seccomp'

# In the place where it runs: does the doctor say of each feature what happens to who tries it? It
# prints each difference, then all that the doctor said, then "agreed N", of N features.
#
# Without CAP_SYS_ADMIN a row is tried with the row user, by which it becomes possible.
write_agree() {
    cat >agree.bash <<'END'
user=user, n=0
if ((0x$(sed -n 's/^CapEff:\t//p' /proc/self/status) >> 21 & 1)); then user=; fi
# The command line that has what the doctor tries, in $words
words_for() {
    case $1 in
    container) words=(run -- true) ;;
    lab) words=(lab true) ;;
    network) words=(lab minicontainer run --network front -- true) ;;
    overlay) words=(lab sh -c $'>f; printf "FROM scratch\nCOPY f /" >Dockerfile; minicontainer build -t x .') ;;
    --*) words=(run --only limits ${1% *} ${1#* } -- true) ;;
    user | seccomp) words=(run --only "$1" -- true) ;;
    proc) words=(run --only "${user:+user,pid,}mnt,proc" -- true) ;;
    root) words=(run --only "${user}mnt,root" -- true) ;;
    *) words=(run --only "$user$1" -- true) ;;
    esac
}
# What is said below "cause:" or "cure:" first
said_after() { sed -n "s/^  $1: *//p" <<<"$said" | head -n 1; }

said_by_doctor=$(minicontainer doctor --porcelain)
doctor=$?
while IFS= read -r line; do
    name=${line%%$'\t'*}
    rest=${line#*$'\t'}
    case $name in lessons | needs) continue ;; esac
    verdict=${rest%%$'\t'*}
    rest=${rest#*$'\t'}
    cause=${rest%%$'\t'*}
    cure=${rest#*$'\t'}
    words_for "$name"
    said=$(minicontainer "${words[@]}" 2>&1 >/dev/null </dev/null)
    status=$?
    case $verdict,$status in
    works,0 | missing,125) ;;
    *) echo "$name is $verdict, and ${words[*]} ends with $status: $said" ;;
    esac
    if [ "$name" = container ] && [ "$doctor" != "$((status != 0))" ]; then
        echo "a container ends with $status, doctor with $doctor"
    fi
    if [ "$status" != 0 ] && [ -n "$(said_after cause)" ]; then
        if [ "$cause" != "$(said_after cause)" ]; then echo "$name: cause $cause; run: $said"; fi
        if [ "$cure" != "$(said_after cure)" ]; then echo "$name: cure $cure; run: $said"; fi
    elif [ "$status" != 0 ]; then
        if [ -z "$cause" ] || [[ $said != *"minicontainer: $cause"* ]]; then
            echo "$name: $cause; run: $said"
        fi
    elif [ -n "$cause$cure" ]; then
        echo "$name works, and has a cause: $cause$cure"
    fi
    n=$((n + 1))
done <<<"$said_by_doctor"
printf '%s\n' "$said_by_doctor"
echo "agreed $n"
END
}

# No difference, and 19 features. With words: those are missing, and all others work.
check_agreed() { # [MISSING...]
    local name verdict
    assert "$(head -n 1 <<<"$output")" =~ ^container$'\t' "no complaint comes before the first row"
    assert "$output" has-line "agreed 19"
    if [ "$#" = 0 ]; then return; fi
    while IFS=$'\t' read -r name verdict _; do
        # Limits depend on the machine, and are tried in tests of their own.
        case $name in --* | lessons | needs | agreed*) continue ;; esac
        if [[ " $* " == *" $name "* ]]; then
            assert "$name $verdict" == "$name missing"
        else
            assert "$name $verdict" == "$name works"
        fi
    done <<<"$output"
}

# Behind system calls that fail: deny.c. As an ordinary user, and as root, who needs fewer of them.
denied() { # WORDS-OF-DENY, then what must be missing
    local words
    read -ra words <<<"$1"
    shift
    as_user call ./deny "${words[@]}" -- bash agree.bash
    check_agreed "$@"
    if [ "$(id -u)" = 0 ]; then
        call ./deny "${words[@]}" -- bash agree.bash
        check_agreed
    fi
}

need_deny() {
    requires user userns
    build_deny
    write_agree
}

# Where COMMANDS have put something in the way; by one who has no rights there (root of a lab has).
in_the_way() { # COMMANDS [THROUGH]
    write_agree
    as_user call unshare --user --map-current-user --keep-caps --mount sh -c \
        "$1; exec ${2-} setpriv --ambient-caps=-all --inh-caps=-all bash -s" <agree.bash
}

# All rows that a container needs, and what is made of them. Where clone3(2) fails, not even a plain
# child is made: then row seccomp is missing as well.
VIEWS='uts pid mnt proc root user ipc net cgroup time'

@test "here: each verdict is what happens to who tries it" {
    requires userns
    write_agree
    as_user call bash agree.bash
    check_agreed
}

@test "root: each verdict is what happens to root, and who else should ask is said" {
    requires root userns
    write_agree
    call bash agree.bash
    check_agreed
    assert "$output" lacks "You are root"
    mc -any doctor
    assert "${lines[${#lines[@]} - 1]}" == "You are root: ask as the user who is to learn."
    as_user mc -any doctor
    assert "$output" lacks "You are root"
}

@test "where a user has everything but limits: works, exit 0, and the lessons are named" {
    requires user userns timens overlay bridge
    local who
    for who in $(people); do
        $who mc doctor --porcelain
        assert "$(grep -v '^needs' <<<"$output" | cut -f 1 | paste -sd ' ')" == \
            "container lab $ROWS --memory 64M --cpus 0.5 --pids-limit 100 overlay network lessons"
        # Lesson 14 wants all three limits.
        assert "$(grep -vE '^(--|needs)' <<<"$output" | cut -f 2 | sort -u | paste -sd ' ')" == \
            "00,01,02,03,04,05,06,07,08,09,10,11,12,13$(
                [ "$(grep -c $'^--.*\tworks\t' <<<"$output")" != 3 ] || echo ,14),15,16,17,18,19,20,21,22,23,24 works"
        assert "$(awk -F'\t' '$1 != "lessons" && NF != 4' <<<"$output")" == ""
        assert "$stderr" == ""
    done
}

@test "for people: the same verdicts, a cause and a cure below, not twice" {
    requires userns
    local row verdict cause cure last=''
    mc -any doctor --porcelain
    while IFS=$'\t' read -r row verdict cause cure; do
        case $row in
        lessons)
            printf '\nLessons that work here: %s\n' "$verdict"
            continue
            ;;
        needs)
            printf "Lesson %s needs %s, which is not here (Debian's package %s)\n" "$verdict" "$cause" "$cure"
            continue
            ;;
        esac
        printf '%-16s %s\n' "$row" "$verdict"
        if [ -n "$cause" ] && [ "$cause" != "$last" ]; then
            printf '                 cause: %s\n' "$cause"
            printf '                 cure:  %s\n' "${cure:-see lessons/README.md, \"What laptops refuse\"}"
        fi
        last=$cause
    done <<<"$output" >expected
    mc -any doctor
    assert "$(grep -v '^You are root' <<<"$output")" == "$(<expected)"
}

@test "a machine without user namespaces: missing, exit 1, the cause and the cure" {
    requires user userns
    in_the_way 'echo 0 >/proc/sys/user/max_user_namespaces'
    # shellcheck disable=SC2086  # a list
    check_agreed $VIEWS caps container lab overlay network
    assert "$(grep '^user' <<<"$output")" == \
        "user"$'\t'"missing"$'\t'"user.max_user_namespaces=0: no user namespaces (some hardened \
systems)"$'\t'"sudo sysctl -w user.max_user_namespaces=15000"
    assert "$output" has-line "lessons"$'\t'"none"
}

@test "root there: what asks for a user namespace is missing, all else works" {
    requires root userns
    write_agree
    mc lab sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec bash -s' <agree.bash
    check_agreed user container lab overlay network
}

@test "a masked /proc: proc is missing, and what needs it; all else works" {
    requires user userns
    in_the_way 'mount -t tmpfs mask /proc/tty'
    check_agreed proc container lab overlay network
    assert "$output" =~ $'\n'proc$'\tmissing\tother mounts mask parts of /proc'
    assert "$output" =~ 'systempaths=unconfined'
}

@test "a chroot: no user namespace can be made there" {
    requires user userns
    mkdir root
    in_the_way 'mount --rbind / root; cd root; chroot . true' 'chroot . env PATH="$PATH"'
    # shellcheck disable=SC2086  # a list
    check_agreed $VIEWS caps container lab overlay network
    assert "$output" =~ $'\n'user$'\tmissing\twe are in a chroot\(2\)'
}

@test "in a lab, and in a lab of root's: all but limits works" {
    requires user userns
    write_agree
    as_user mc lab bash -s <agree.bash
    check_agreed none
    assert "$output" =~ $'\n'--pids-limit\ 100$'\tmissing\t'
    requires root
    mc lab sh -c 'exec bash -s' <agree.bash
    check_agreed none
}

@test "in a container of run: nothing but a further filter, and doctor knows why" {
    requires user userns
    write_agree
    mkdir bin
    cp "$MC" bin/minicontainer
    as_user mc run -v "$PWD/bin:/mnt:ro" -e PATH=/mnt:/usr/bin:/bin -- bash -s <agree.bash
    # shellcheck disable=SC2086  # a list
    check_agreed $VIEWS caps seccomp container lab overlay network
    assert "$output" =~ $'\n'user$'\tmissing\ta seccomp filter'
    assert "$output" =~ $'\t'"docker run --security-opt seccomp=unconfined"
}

@test "Docker's filter: all that needs a namespace is missing" {
    need_deny
    # shellcheck disable=SC2086  # a list
    denied "clone:EPERM unshare:EPERM setns:EPERM mount:EPERM pivot_root:EPERM clone3:ENOSYS" \
        $VIEWS caps seccomp container lab overlay network
    assert "$output" contains "a seccomp filter (Docker"
}

@test "a security module, a full counter, a kernel without: three causes" {
    need_deny
    local said=
    # shellcheck disable=SC2086  # a list
    {
        denied clone3:EACCES $VIEWS caps seccomp container lab overlay network
        said+=$output
        denied clone3:ENOSPC $VIEWS caps seccomp container lab overlay network
        said+=$output
        denied clone3:EINVAL $VIEWS caps seccomp container lab overlay network
        said+=$output
    }
    assert "$said" contains "a security module (AppArmor, SELinux)"
    assert "$said" contains "too many namespaces"
    assert "$said" contains "this kernel was built without one of these namespaces"
}

@test "one call that fails: the row that needs it, and no other" {
    need_deny
    denied "pivot_root:EPERM" root container lab overlay network
    denied "sethostname:EPERM" uts container lab overlay network
    denied "unshare:EINVAL" time container lab overlay network
    denied "mount:EACCES" mnt proc root container lab overlay network
}

@test "a kernel before 5.12: what needs the newer calls is missing, and the doctor knows why" {
    need_deny
    # shellcheck disable=SC2086  # a list
    denied "fsopen:ENOSYS" proc root container lab overlay network
    assert "$output" =~ $'\n'proc$'\tmissing\tthis kernel is older than 5\\.12'
    denied "mount_setattr:ENOSYS" proc root container lab overlay network
    assert "$output" =~ $'\n'root$'\tmissing\tthis kernel is older than 5\\.12'
}

@test "no bridge, no veth: network is missing, cause and cure are said, and all else works" {
    need_deny
    local error
    # Kernels before 5.15, and later ones.
    for error in ENOPKG EOPNOTSUPP; do
        denied "bridge:$error" network
        assert "$output" =~ $'\nnetwork\tmissing\tno bridge or no veth in this kernel'
        assert "$output" =~ $'\t[^\t\n]*sudo modprobe -a bridge veth; not found: reboot'
        assert "$output" =~ $'\nlessons\t[0-9,]*,20,22,24\n' "21 and 23 are not among them"
    done
}

@test "a kernel without veth, or without overlay: the cause, the cure, and the lessons that are left" {
    need_deny
    local module
    for module in veth overlay; do
        # A kind of cable, of file system, that no kernel has.
        sed -E "s/(KIND, |NEW_ROOT, )\"$module\"/\1\"nono\"/" "$MC_TREE/minicontainer.c" >minicontainer.c
        assert "$(grep -c '"nono"' minicontainer.c)" == 1
        call "${CC:-cc}" -w -O1 -o minicontainer minicontainer.c
        PATH=$PWD:$PATH as_user call bash agree.bash
        if [ "$module" = veth ]; then
            check_agreed network
            assert "$output" =~ $'\nnetwork\tmissing\tno bridge or no veth in this kernel'
            assert "$output" =~ $'\nlessons\t[0-9,]*,20,22,24\n'
        else
            check_agreed overlay
            assert "$output" =~ $'\noverlay\tmissing\tthis kernel has no overlay\tsudo modprobe overlay; not found: reboot'
            assert "$output" =~ $'\nlessons\t[0-9,]*1[34],21,22\n'
        fi
    done
}

@test "no container starts, and no lab: no lesson works here" {
    need_deny
    local words
    for words in clone3:EPERM pivot_root:EPERM sethostname:EPERM; do
        as_user call -1 ./deny "$words" -- minicontainer doctor --porcelain
        assert "$(grep ^lessons <<<"$output")" starts $'lessons\tnone'
        as_user call -1 ./deny "$words" -- minicontainer doctor
        assert "$(grep ^Lessons <<<"$output")" starts "Lessons that work here: none"
    done
}

@test "the programs that lessons need, and this machine lacks" {
    requires user userns
    local program package lesson said
    mc -any doctor --porcelain
    said=$(sed -n 's/^needs\t//p' <<<"$output")
    for program in cc:gcc findmnt:util-linux hostname:hostname ip:iproute2 ipcs:util-linux \
        nsenter:util-linux ping:iputils-ping ps:procps python3:python3 ss:iproute2 curl:curl \
        newuidmap:uidmap; do
        package=${program#*:} program=${program%:*}
        while IFS= read -r lesson; do
            if [ -z "$lesson" ]; then continue; fi
            lesson=${lesson#"$MC_TREE/lessons/"}
            if PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin command -v "$program" >/dev/null; then
                assert "$said" no-line "${lesson%%-*}"$'\t'"$program"$'\t'"$package"
            else
                assert "$said" has-line "${lesson%%-*}"$'\t'"$program"$'\t'"$package"
            fi
        done <<<"$(grep -lE "<!-- needs:.* ${program}[(]" "$MC_TREE"/lessons/*/README.md)"
    done
    # A machine that has none of them (nor true, which a container is tried with).
    mkdir empty
    call -1 unshare --user --map-root-user --mount sh -c '
        mkdir -p "$1/bin" && cp "$2" "$(command -v mount)" "$1/bin/" && cp -R "$3/lessons" "$1/bin/"
        for dir in /usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do
            [ -L "$dir" ] || [ ! -d "$dir" ] || "$1/bin/mount" --bind "$1/empty" "$dir" || exit
        done
        exec "$1/bin/minicontainer" doctor --porcelain' sh "$PWD" "$MC" "$MC_TREE"
    said=$(sed -n 's/^needs\t//p' <<<"$output")
    assert "$said" has-line $'09\tip\tiproute2'
    assert "$said" has-line $'03\tps\tprocps'
    assert "$(wc -l <<<"$said")" -eq "$(grep -ohE '<!-- needs:.*' "$MC_TREE"/lessons/*/README.md | tr " (" "\n" |
        grep -cxE 'cc|curl|findmnt|hostname|ip|ipcs|newuidmap|nsenter|ping|ps|python3|ss')"
}

@test "nothing is left behind, whatever it finds" {
    requires user userns cc
    need_deny
    local before who
    before=$(fingerprint)
    for who in $(people); do
        $who mc -any doctor
        $who call -any ./deny mount:EACCES -- minicontainer doctor
        $who call -any ./deny pivot_root:EPERM -- minicontainer doctor --porcelain
    done
    no_process_left
    assert "$(fingerprint)" == "$before"
}

@test "it says of the machine, and not of where it stands: a closed directory, no home, no stdin" {
    requires userns
    local expected who
    mkdir closed
    for who in $(people); do
        $who mc -any doctor --porcelain
        expected=$output
        (cd closed && chmod 0700 . && $who mc -any doctor --porcelain </dev/null)
        assert "$output" == "$expected"
        HOME=/nowhere $who mc -any doctor --porcelain <&-
        assert "$output" == "$expected"
    done
}

@test "words: --porcelain and no other; a full disk is an error" {
    mc -125 doctor now
    assert "$stderr" contains "takes no argument but --porcelain"
    mc -125 doctor --explain
    call -125 sh -c 'exec minicontainer doctor >/dev/full'
    assert "$stderr" contains "standard output: "
}
