#!/usr/bin/env bats
#
# doctor: what this machine allows. Each verdict is held against what `run` does in the same place,
# where nothing hinders, and behind real and injected obstacles: the same outcome, the same words.

load helpers

ROWS='uts pid mnt proc root user ipc net cgroup time caps seccomp limits'

# In the place where it runs: does the doctor say of each feature what happens to who tries it? It
# prints each difference, then all that the doctor said, then "agreed N", of N features.
#
# A row is tried by an ordinary user with the row user, by which it becomes possible. Started by
# real root, the doctor asks for nobody: so it is tried as nobody here ("nobody" as first word).
write_agree() {
    cat >agree.bash <<'END'
ordinary=() n=0
if [ "${1-}" = nobody ]; then
    ordinary=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all)
fi
# The command line that has what the doctor tries, in $words
words_for() {
    case $1 in
    rootless) words=(run -- true) ;;
    lab) words=(lab true) ;;
    limits) words=(run --only limits --pids-limit 100 -- true) ;;
    seccomp) words=(run --only seccomp -- true) ;;
    proc) words=(run --only user,pid,mnt,proc -- true) ;;
    root) words=(run --only user,mnt,root -- true) ;;
    *) words=(run --only "user,$1" -- true) ;;
    esac
}
# What is said below "cause:" or "cure:" first
said_after() { sed -n "s/^  $1: *//p" <<<"$said" | head -n 1; }

said_by_doctor=$(minicontainer doctor --porcelain)
doctor=$?
while IFS= read -r line; do
    name=${line%%$'\t'*}
    rest=${line#*$'\t'}
    if [ "$name" = lessons ]; then continue; fi
    verdict=${rest%%$'\t'*}
    rest=${rest#*$'\t'}
    cause=${rest%%$'\t'*}
    cure=${rest#*$'\t'}
    words_for "$name"
    said=$("${ordinary[@]}" minicontainer "${words[@]}" 2>&1 >/dev/null </dev/null)
    status=$?
    case $verdict,$status in
    works,0 | missing,125) ;;
    root,125)
        # Only as root: then root has it, at least without a user namespace.
        plain=${words[2]/user,/}
        minicontainer "${words[@]}" >/dev/null 2>&1 </dev/null ||
            case $name in
            rootless) minicontainer run --no-user -- true ;;
            *) [ "$plain" != user ] && minicontainer run --only "$plain" -- true ;;
            esac >/dev/null 2>&1 </dev/null || echo "$name: not even as root"
        ;;
    *) echo "$name is $verdict, and ${words[*]} ends with $status: $said" ;;
    esac
    if [ "$name" = rootless ] && [ "$doctor" != "$((status != 0))" ]; then
        echo "a rootless container ends with $status, doctor with $doctor"
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

# No difference, and 15 features. With words: those are missing, and all others work.
check_agreed() { # [MISSING...]
    local name verdict
    assert "$(head -n 1 <<<"$output")" =~ ^uts$'\t' "no complaint comes before the first row"
    assert "$output" has-line "agreed 15"
    if [ "$#" = 0 ]; then return; fi
    while IFS=$'\t' read -r name verdict _; do
        # Limits depend on the machine, and are tried in tests of their own.
        if [ "$name" = limits ] || [[ $name == lessons* || $name == agreed* ]]; then continue; fi
        if [[ " $* " == *" $name "* ]]; then
            assert "$name $verdict" == "$name missing"
        else
            assert "$name $verdict" == "$name works"
        fi
    done <<<"$output"
}

# Behind system calls that fail: deny.c. As an ordinary user; as root the doctor asks for nobody.
denied() { # WORDS-OF-DENY, then what must be missing
    local words
    read -ra words <<<"$1"
    shift
    as_user call ./deny "${words[@]}" -- bash agree.bash
    check_agreed "$@"
    if [ "$(id -u)" = 0 ]; then
        call ./deny "${words[@]}" -- bash agree.bash nobody
        assert "$(head -n 1 <<<"$output")" =~ ^uts$'\t'
        assert "$output" has-line "agreed 15"
    fi
}

need_deny() {
    requires user userns cc
    call "${CC:-cc}" -std=c11 -O1 -o deny "$BATS_TEST_DIRNAME/deny.c"
    chmod 0755 deny
    write_agree
}

# In a lab, where COMMANDS have put something in the way.
in_lab() { # COMMANDS
    write_agree
    as_user mc lab sh -c "$1; exec bash -s" <agree.bash
}

# All rows that a container needs, and what is made of them.
VIEWS='uts pid mnt proc root user ipc net cgroup time'

@test "here: each verdict is what happens to who tries it" {
    requires userns
    write_agree
    as_user call bash agree.bash
    check_agreed
}

@test "root: each verdict is what happens to nobody, or to root" {
    requires root userns
    write_agree
    call bash agree.bash nobody
    check_agreed
}

@test "where a user has everything but limits: works, exit 0, and the lessons are named" {
    requires user userns timens
    local who
    for who in $(people); do
        $who mc doctor --porcelain
        assert "$(cut -f 1 <<<"$output" | paste -sd ' ')" == "$ROWS rootless lab lessons"
        assert "$(grep -v '^limits' <<<"$output" | cut -f 2 | sort -u | paste -sd ' ')" == \
            "00,01,02,03,04,05,06,07,08,09,10,11,12,13$(grep -q $'^limits\tworks' <<<"$output" &&
                echo ,14) works"
        assert "$(awk -F'\t' '$1 != "lessons" && NF != 4' <<<"$output")" == ""
        assert "$stderr" == ""
    done
}

@test "for people: the same verdicts, a cause and a cure below, not twice" {
    requires userns
    local row verdict cause cure last=
    mc -any doctor --porcelain
    while IFS=$'\t' read -r row verdict cause cure; do
        if [ "$row" = lessons ]; then
            printf '\nLessons that work here: %s\n' "$verdict"
            continue
        fi
        if [ "$verdict" = root ]; then verdict="works only as root"; fi
        printf '%-12s %s\n' "$row" "$verdict"
        if [ "$verdict" = works ]; then cause=; fi
        if [ -n "$cause" ] && [ "$cause" != "$last" ]; then
            printf '             cause: %s\n' "$cause"
            if [ -n "$cure" ]; then printf '             cure:  %s\n' "$cure"; fi
        fi
        last=$cause
    done <<<"$output" >expected
    mc -any doctor
    assert "$output" == "$(<expected)"
}

@test "a machine without user namespaces: missing, exit 1, the cause and the cure" {
    requires user userns
    in_lab 'echo 0 >/proc/sys/user/max_user_namespaces'
    # shellcheck disable=SC2086  # a list
    check_agreed $VIEWS caps rootless lab
    assert "$(grep '^user' <<<"$output")" == \
        "user"$'\t'"missing"$'\t'"user.max_user_namespaces=0: no user namespaces (RHEL and CentOS \
7)"$'\t'"sudo sysctl -w user.max_user_namespaces=15000"
    assert "$output" has-line "lessons"$'\t'"none"
}

@test "root there: the others work only as root, user not even so" {
    requires root userns
    write_agree
    mc lab sh -c 'echo 0 >/proc/sys/user/max_user_namespaces; exec bash -s nobody' <agree.bash
    check_agreed
    assert "$(awk -F'\t' '{ print $1 "=" $2 }' <<<"$output" | head -n 15 | paste -sd ' ')" == \
        "uts=root pid=root mnt=root proc=root root=root user=missing ipc=root net=root cgroup=root \
time=root caps=root seccomp=works limits=missing rootless=root lab=missing"
}

@test "a masked /proc: proc is missing, and what needs it; all else works" {
    requires user userns
    in_lab 'mount -t tmpfs mask /proc/tty'
    check_agreed proc rootless lab
    assert "$output" =~ $'\n'proc$'\tmissing\tother mounts mask parts of /proc'
    assert "$output" =~ 'systempaths=unconfined'
}

@test "a chroot: no user namespace can be made there" {
    requires user userns
    in_lab 'mkdir /tmp/r; mount --rbind / /tmp/r; cd /tmp/r; chroot . true &&
        exec chroot . env PATH="$PATH" bash -s'
    # shellcheck disable=SC2086  # a list
    check_agreed $VIEWS caps rootless lab
    assert "$output" =~ $'\n'user$'\tmissing\twe are in a chroot\(2\)'
}

@test "in a lab, and in a lab of root's: all but limits works" {
    requires user userns
    in_lab true
    check_agreed none
    assert "$output" =~ $'\n'limits$'\tmissing\t'
    requires root
    mc lab sh -c 'exec bash -s nobody' <agree.bash
    check_agreed none
}

@test "in a container of run: nothing but a further filter, and doctor knows why" {
    requires user userns
    write_agree
    mkdir bin
    cp "$MC" bin/minicontainer
    as_user mc run -v "$PWD/bin:/mnt:ro" -e PATH=/mnt:/usr/bin:/bin -- bash -s <agree.bash
    # shellcheck disable=SC2086  # a list
    check_agreed $VIEWS caps rootless lab
    assert "$output" =~ $'\n'user$'\tmissing\ta seccomp filter'
    assert "$output" =~ $'\t'"docker run --security-opt seccomp=unconfined"
}

@test "Docker's filter: all that needs a namespace is missing" {
    need_deny
    # shellcheck disable=SC2086  # a list
    denied "clone:EPERM unshare:EPERM setns:EPERM mount:EPERM pivot_root:EPERM clone3:ENOSYS" \
        $VIEWS caps rootless lab
    assert "$output" contains "a seccomp filter: we are inside Docker"
}

@test "a security module, a full counter, a kernel without: three causes" {
    need_deny
    local said=
    # shellcheck disable=SC2086  # a list
    {
        denied clone:EACCES $VIEWS caps rootless lab
        said+=$output
        denied clone:ENOSPC $VIEWS caps rootless lab
        said+=$output
        denied clone:EINVAL $VIEWS caps rootless lab
        said+=$output
    }
    assert "$said" contains "a security module (AppArmor, SELinux)"
    assert "$said" contains "too many namespaces"
    assert "$said" contains "this kernel was built without one of these namespaces"
}

@test "one call that fails: the row that needs it, and no other" {
    need_deny
    denied "pivot_root:EPERM" root rootless lab
    denied "sethostname:EPERM" uts rootless lab
    denied "unshare:EINVAL" time rootless lab
    denied "mount:EACCES" mnt proc root rootless lab
}

@test "an older kernel: the older call does it" {
    need_deny
    denied "clone3:ENOSYS mount_setattr:ENOSYS close_range:ENOSYS" none
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
