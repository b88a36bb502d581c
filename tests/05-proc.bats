# 05-proc.bats -- chapter 5: a fresh /proc and /sys, and what is refused without a partner.
#
# proc is no namespace: what tells whether /proc is one's own is its device and inode. Who has no
# privilege gets it from the row user, so `--only user,pid,mnt` is the control of `--only
# user,pid,mnt,proc`.

load helpers

# The file system of a mount point, out of /proc/mounts on standard input, and its options.
type_of() { awk -v at="$1" '$2 == at { type = $3 } END { print type }'; }
options_of() { awk -v at="$1" '$2 == at { o = $4 } END { print o }'; }

# An image of one program, with the directories that are named.
image() { # NAME DIRECTORY...
    requires busybox
    local name=$1 link
    shift
    mkdir -p "$name/bin" "${@/#/$name/}"
    cp "$(command -v busybox)" "$name/bin/busybox"
    for link in sh cat ls echo; do ln -s busybox "$name/bin/$link"; done
    chmod -R a+rX "$name"
}

@test "control: without proc, /proc is the machine's, also in a root of its own" {
    local how host
    host=$(stat -c %d:%i /proc)
    for how in '--only user' '--only user,pid,mnt' --no-proc --no-pid --no-mnt; do
        # shellcheck disable=SC2086  # words
        mc run $how -- stat -c %d:%i /proc
        assert "$output" == "$host" "$how"
        # shellcheck disable=SC2086
        mc run $how -- ls -d "/proc/$$"
        assert "$output" == "/proc/$$" "$how"
    done
}

@test "with proc it is another, of type proc, and only the own processes are in it" {
    local how host want
    host=$(stat -c %d:%i /proc)
    for how in '--only user,pid,mnt,proc' --no-init '' --no-root --no-net; do
        want="/proc/1 /proc/2" # our init, and the command
        case $how in --only* | --no-init) want=/proc/1 ;; esac
        # shellcheck disable=SC2086  # words
        mc run $how -- sh -c 'echo /proc/[0-9]*'
        assert "$output" == "$want" "$how"
        # shellcheck disable=SC2086
        mc run $how -- stat -c %d:%i /proc
        assert "$output" != "$host" "$how"
        # shellcheck disable=SC2086
        mc run $how -- cat /proc/mounts
        assert "$(type_of /proc <<<"$output")" == proc "$how"
        assert "$(options_of /proc <<<"$output")" =~ nosuid,nodev,noexec "$how"
    done
    # Two containers have two.
    mc run -- stat -c %d /proc
    assert "$output" != "$(stat -c %d /proc)"
}

@test "what runs later is in it, under the numbers that it has here" {
    mc run --no-init -- sh -c 'sleep 100 & cat /proc/$!/comm; readlink /proc/self
        set -- /proc/[0-9]*; echo $#; cat /proc/1/comm'
    assert "${lines[0]}" =~ '^(sleep|sh)$'
    assert "${lines[1]}" =~ '^[0-9]{1,2}$'
    assert "${lines[2]}" == 2
    assert "${lines[3]}" == sh
    mc run -- sh -c 'sleep 100 & cat /proc/$!/comm; set -- /proc/[0-9]*; echo $#; cat /proc/1/comm'
    assert "${lines[0]}" =~ '^(sleep|sh)$'
    assert "${lines[1]}" == 3
    assert "${lines[2]}" == init
}

@test "ps and pgrep work inside, and see nobody else" {
    requires ps
    mc run -- ps -e -o pid=,comm=
    assert "${output// /}" == $'1init\n2ps'
    mc run --no-init -- ps -e -o pid=
    assert "${output// /}" == 1
    mc run --only user,pid,mnt,proc -- ps -e -o args=
    assert "$output" == "ps -e -o args="
    mc run --no-proc -- ps -e -o pid=
    assert "${#lines[@]}" -gt 2 "control"
    # Without proc, ps in a shell looks for its own number in the wrong /proc.
    mc -any run --only user,pid -- sh -c 'ps; :'
    assert "$output" !~ '^ *1 .* sh$'
}

@test "in a lab: a number in the old /proc is no number of ours" {
    mc lab sh -c 'until grep -q victim /proc/$(cat /run/victim.pid)/comm; do :; done
        minicontainer run --only pid,mnt -- sh -c "
        v=\$(cat /run/victim.pid); cat /proc/\$v/comm; kill -0 \$v || echo none"'
    assert "$output" == $'victim\nnone'
    mc lab sh -c 'minicontainer run --only pid,mnt,proc -- sh -c "
        v=\$(cat /run/victim.pid); ls -d /proc/\$v || echo none"'
    assert "$output" == none
}

@test "the machine's /proc, /sys and mounts are the same afterwards" {
    local before
    before=$(fingerprint; stat -c %d:%i /proc /sys)
    mc run -- true
    mc run --only user,pid,mnt,proc -- true
    mc run --only user,pid,mnt,net,proc -- true
    mc run --no-net --privileged -- umount -l /proc
    mc lab true
    assert "$(fingerprint; stat -c %d:%i /proc /sys)" == "$before"
}

@test "without pid a fresh /proc shows nothing new, in a lab" {
    mc lab sh -c 'until grep -q victim /proc/$(cat /run/victim.pid)/comm; do :; done
        stat -c %d /proc; minicontainer run --only mnt,proc -- sh -c "
        stat -c %d /proc; cat /proc/\$(cat /run/victim.pid)/comm"'
    assert "${lines[2]}" == victim
}

@test "proc with user needs pid: it gives way, or is refused with a line that works" {
    mc run --no-pid -- true
    assert "$stderr" =~ 'note: proc .*pid'
    local how line
    for how in '--no-pid --proc' '--only user,mnt,proc' '--only user,mnt,proc,root,net'; do
        # shellcheck disable=SC2086  # words
        mc -125 run $how -- true
        assert "$stderr" contains pid "$how"
        assert "$stderr" contains lessons/05-proc "$how"
        line=$(sed -n 's/^  try:    minicontainer //p' <<<"$stderr" | head -n 1)
        assert "$line" != "" "$how: a line to copy"
        # shellcheck disable=SC2086  # words of the line
        mc $line -- sh -c 'echo /proc/[0-9]*'
        assert "$output" == /proc/1 "$line"
    done
}

@test "proc needs mnt: it gives way, or is refused with a line that works" {
    mc run --no-mnt -- true
    assert "$stderr" =~ 'note: proc .*mnt'
    local how line
    for how in '--no-mnt --proc' '--only proc' '--only user,pid,proc' '--only pid,proc'; do
        # Not as root: should it not be refused, the machine would get a mount.
        # shellcheck disable=SC2086  # words
        as_user mc -125 run $how -- true
        assert "$stderr" contains mnt "$how"
        line=$(sed -n 's/^  try:    minicontainer //p' <<<"$stderr" | head -n 1)
        assert "$line" != "" "$how: a line to copy"
        # shellcheck disable=SC2086  # words of the line
        as_user mc $line -- cat /proc/self/mounts
        assert "$(type_of /proc <<<"$output")" == proc "$line"
    done
}

@test "with net, /sys is fresh: it lists the interfaces of the own network" {
    local how
    for how in '--only user,pid,mnt,net,proc' ''; do
        # shellcheck disable=SC2086  # words
        mc run $how -- ls /sys/class/net
        assert "$output" == lo "$how"
        # shellcheck disable=SC2086
        mc run $how -- stat -c %d /sys
        assert "$output" != "$(stat -c %d /sys)" "$how"
    done
    # Control: a new network and the old /sys, which still lists the machine's.
    mc run --only user,net -- ls /sys/class/net
    assert "$output" == "$(ls /sys/class/net)"
}

@test "without net, /sys stays the machine's" {
    local how
    for how in '--only user,pid,mnt,proc' --no-net '--no-net --no-root'; do
        # shellcheck disable=SC2086  # words
        mc run $how -- ls /sys/class/net
        assert "$output" == "$(ls /sys/class/net)" "$how"
        # shellcheck disable=SC2086
        mc run $how -- stat -c %d /sys
        assert "$output" == "$(stat -c %d /sys)" "$how"
    done
}

@test "/sys is read-only both ways, with all that is mounted below it" {
    local how
    for how in '' --no-net '--only user,pid,mnt,proc' '--only user,pid,mnt,net,proc'; do
        # shellcheck disable=SC2086  # words
        mc run $how -- awk '$2 == "/sys" || $2 ~ "^/sys/" { print $2, $4 }' /proc/self/mounts
        assert "$output" != "" "$how"
        # A new mount of /sys hides the one before, and all below that.
        assert "$(awk '$1 == "/sys" { delete last } { last[$1] = $2 } END { for (at in last)
            if (last[at] !~ /^ro(,|$)/) print at }' <<<"$output")" == "" "$how"
        # shellcheck disable=SC2086
        mc -any run $how -- sh -c 'echo >/sys/new'
        assert "$status" -ne 0 "$how"
    done
}

@test "the machine's knobs in /proc and /sys cannot be opened for writing" {
    # Only opened: nothing is written, so a failure of this test harms nobody.
    mc run -- sh -c 'for f in /proc/sysrq-trigger /proc/sys/kernel/core_pattern \
            /proc/sys/kernel/hostname /proc/sys/kernel/modprobe /proc/sys/vm/drop_caches \
            /proc/sys/fs/binfmt_misc/register /sys/kernel/uevent_helper /sys/power/state; do
            ( : 3>>$f ) 2>/dev/null && echo "$f"; done; :'
    assert "$output" == ""
    mc run -- sh -c '(: 3>>/proc/self/oom_score_adj) && echo fine'
    assert "$output" == fine "control: the own one can"
    # Without the masks the user namespace alone holds them.
    mc run --privileged -- sh -c 'for f in /proc/sysrq-trigger /proc/sys/kernel/core_pattern \
            /proc/sys/kernel/modprobe /proc/sys/vm/drop_caches /sys/kernel/uevent_helper; do
            ( : 3>>$f ) 2>/dev/null && echo "$f"; done; :'
    assert "$output" == ""
}

# What Docker hides, and what it makes read-only.
HIDDEN='/proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats
/proc/sched_debug /proc/scsi /proc/timer_list /sys/devices/virtual/powercap /sys/firmware'
READ_ONLY='/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger'

# Run inside: of each path its kind, the options of the mount that stands on it, and what it is: the
# device of a file, the number of names in a directory.
SAY_MASKS='for path; do
    [ -e $path ] || continue
    flags=$(awk -v at=$path "\$2 == at { o = \$4 } END { print substr(o, 1, 3) }" /proc/self/mounts)
    if [ -d $path ]; then what="dir $(ls -A $path | wc -l)"; else what="file $(stat -c %t:%T $path)"; fi
    echo "$path $what $flags"
done'

@test "masks: what tells of the machine is hidden, what switches it is read-only" {
    local who how path what
    for who in $(people); do
        # The last one is for real root, whom no map of users holds.
        for how in '' '--no-net' '--only user,pid,mnt,proc' '--only user,pid,mnt,net,proc' --no-user; do
            if [ "$how" = --no-user ] && [ "$($who id -u)" != 0 ]; then continue; fi
            # shellcheck disable=SC2086  # words
            $who mc run $how -- sh -c "$SAY_MASKS" sh $HIDDEN $READ_ONLY
            for path in $HIDDEN; do
                if [ ! -e "$path" ]; then continue; fi
                what=$(grep "^$path " <<<"$output")
                if [ -d "$path" ]; then
                    assert "$what" =~ "^$path dir 0 ro," "$who run $how"
                else
                    # /dev/null: device 1, 3.
                    assert "$what" =~ "^$path file 1:3 [^ ]+" "$who run $how"
                fi
            done
            for path in $READ_ONLY; do
                if [ ! -e "$path" ]; then continue; fi
                assert "$(grep "^$path " <<<"$output")" ends " ro," "$who run $how"
            done
            assert "$output" =~ $'(^|\n)'"/proc/sys dir [1-9]" "it can be read"
        done
    done
    # The rest of /proc is as it was.
    mc run -- sh -c 'grep -c MemTotal /proc/meminfo; wc -l </proc/self/mountinfo'
    assert "$output" =~ ^1$'\n'[1-9]
}

@test "masks: they are of the row proc, and --no-mask and a lab have none" {
    local who how
    for who in $(people); do
        for how in 'run --no-mask' 'run --only user,pid,mnt,net,proc --no-mask' 'run --privileged' lab; do
            # shellcheck disable=SC2086  # words
            $who mc $how -- sh -c "$SAY_MASKS" sh $HIDDEN $READ_ONLY
            assert "$output" contains "/proc/sys dir "
            assert "$(grep -E ' (ro|rw),$| 1:3 ' <<<"$output")" == "" "$who $how"
        done
        # No mask: no fresh /proc was mounted that could be masked.
        $who mc run --no-proc --explain -- true
        assert "$stderr" lacks "masks over"
        $who mc run --explain -- true
        assert "$stderr" contains "masks over /proc"
        assert "$stderr" contains "masks over /sys"
    done
}

@test "masks: real root cannot take them off, for it lost that right too" {
    requires root
    # With all that the row user would keep from it.
    mc -any run --no-user -- sh -c 'umount /proc/keys; umount /proc/sys
        mount -o remount,bind,rw /proc/sys; [ -w /proc/sys/kernel/core_pattern ] || echo held'
    assert "$output" == held
    assert "$(grep -ciE 'permi|superuser' <<<"$stderr")" -eq 3
    # Control: only --privileged leaves the switch in reach.
    mc run --no-user --privileged -- sh -c '[ -w /proc/sys/kernel/core_pattern ] && echo open'
    assert "$output" == open
}

@test "masks: the file that covers another is the machine's, and nothing inside changes its mode" {
    requires root
    # In a mount table of its own, with a /dev/null of its own; --no-user: nobody is more than root.
    mkdir m
    call unshare --mount --propagation private sh -c 'mount -t tmpfs none m && mknod -m 666 m/null c 1 3 &&
        mount --bind m/null /dev/null && "$0" run --no-user -- chmod 600 /proc/interrupts
        stat -c %a m/null' "$MC"
    assert "$output" == 666
    assert "$stderr" contains "Read-only file system"
}

@test "masks: with one, the kernel gives nobody inside a fresh /proc; a lab carries others" {
    local who fresh='unshare --user --map-root-user --mount --pid --fork --mount-proc echo fresh'
    for who in $(people); do
        # shellcheck disable=SC2086  # words
        $who mc -any run --no-caps --no-seccomp -- $fresh
        assert "$output" == "" "$who"
        assert "$stderr" contains "permitted"
        # shellcheck disable=SC2086
        $who mc run --privileged -- $fresh
        assert "$output" == fresh
        # shellcheck disable=SC2086
        $who mc lab $fresh
        assert "$output" == fresh
    done
}

@test "where /proc is masked the kernel gives no fresh one: cause and cure are said" {
    # As in Docker and Podman, made in a lab. The mask counts where it cannot be taken off: in a
    # user namespace further in.
    mc -125 lab sh -c 'mount --bind /dev/null /proc/version
        minicontainer run --only user,pid,mnt,proc -- true'
    assert "$stderr" =~ 'SYS_fsmount.* failed: EPERM.*\[proc\]'
    assert "$stderr" contains "mask"
    assert "$stderr" contains --no-proc
    # The cure works.
    mc lab sh -c 'mount --bind /dev/null /proc/version
        minicontainer run --no-proc -- sh -c "ls -d /proc/\$(cat /run/victim.pid) || echo none"
        minicontainer run --no-proc -- sh -c "echo I am \$\$"'
    assert "$output" has-line "I am 2"
}

@test "a lab in a lab in a lab has its own each time" {
    mc lab minicontainer lab minicontainer lab minicontainer run -- sh -c 'echo /proc/[0-9]*'
    assert "$output" == "/proc/1 /proc/2"
}

@test "an image without /proc: left out with a note, refused when it was named" {
    image img etc
    mc run --image ./img -- ls /
    assert "$output" == $'bin\netc'
    assert "$stderr" =~ 'note: .*/proc'
    mc -125 run --proc --image ./img -- echo started
    assert "$stderr" contains /proc
    assert "$output" == ""
    assert "$(ls img)" == $'bin\netc' "nothing is made in an image"
    mkdir img/proc
    mc run --image ./img -- sh -c 'echo /proc/[0-9]*'
    assert "$output" == "/proc/1 /proc/2"
}

@test "an image whose /proc or /sys is a link is refused, and nothing is mounted there" {
    local name before
    for name in proc sys; do
        image "img-$name" dev host
        if [ "$name" = sys ]; then mkdir img-sys/proc; fi
        mkdir -p host
        ln -s "$PWD/host" "img-$name/$name"
        before=$(fingerprint)
        mc -125 run --image "./img-$name" -- echo started
        assert "$stderr" contains "[$name]"
        assert "$stderr" contains "a symbolic link is there"
        assert "$output" == ""
        # Also when it is to be the machine's /proc.
        mc -125 run --no-proc --no-net --image "./img-$name" -- echo started
        assert "$(fingerprint)" == "$before"
        # A link that leads to a directory of the image itself, or back up, is one too.
        rm "img-$name/$name"
        ln -s ../../../host "img-$name/$name"
        mc -125 run --image "./img-$name" -- echo started
    done
}

@test "with root off the command stays where the caller was" {
    local how
    for how in user,pid,mnt,proc user,pid,mnt,net,proc user,pid,mnt,net,cgroup,proc user,mnt; do
        mc run --only $how -- pwd
        assert "$output" == "$PWD" "$how"
    done
}

@test "--explain: the call and what a shell would say" {
    mc run --explain --only user,pid,mnt,proc -- true
    assert "$stderr" =~ 'child  call  syscall\(SYS_fsmount, [^)]*\) = [0-9]+  \[proc\]'
    assert "$stderr" =~ 'child  call  syscall\(SYS_move_mount, [^)]*\) = 0  \[/proc\]'
    assert "$stderr" =~ 'child  shell mount -t proc proc /proc'
    assert "$stderr" =~ 'child  now   proc: .'
    assert "$stderr" lacks '[sysfs]'
    mc run --explain --only user,pid,mnt,net,proc -- true
    assert "$stderr" =~ 'call  syscall\(SYS_fsmount, [^)]*\) = [0-9]+  \[sysfs\]'
    mc run --explain --only user,pid,mnt -- true
    assert "$stderr" lacks '[proc]'
    assert "$stderr" lacks SYS_fsmount
}
