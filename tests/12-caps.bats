# 12-caps.bats -- what root may do: fourteen capabilities of some forty, in all five sets.

# shellcheck disable=SC2086  # $set is words

load helpers
load calls

setup_file() { build_calls; }

# Docker's fourteen, by their numbers (linux/capability.h): chown 0, dac_override 1, fowner 3,
# fsetid 4, kill 5, setgid 6, setuid 7, setpcap 8, net_bind_service 10, net_raw 13, sys_chroot 18,
# mknod 27, audit_write 29, setfcap 31.
FOURTEEN=00000000a80425fb
NONE=0000000000000000

# The five sets, as /proc has them: inheritable, permitted, effective, bounding, ambient.
five='sed -n "s/^Cap...:.//p" /proc/self/status'

# assert_sets BITS [WORDS]: permitted, effective, bounding are BITS; the other two are empty.
assert_sets() {
    assert "${lines[*]}" == "$NONE $1 $1 $1 $NONE" "${2-}"
}

# All that this kernel has, as that number of hexadecimal digits.
all_caps() { printf '%016x' $(((1 << ($(cat /proc/sys/kernel/cap_last_cap) + 1)) - 1)); }

# without NUMBER... / with NUMBER...: the fourteen, changed.
without() {
    local bits=$((16#$FOURTEEN)) n
    for n; do bits=$((bits & ~(1 << n))); done
    printf '%016x' "$bits"
}
with() {
    local bits=$((16#$FOURTEEN)) n
    for n; do bits=$((bits | 1 << n)); done
    printf '%016x' "$bits"
}

@test "without it root renames the lab, with it not, though it is still root" {
    requires userns hostname
    mc lab -- sh -c 'minicontainer run --only none -- sh -c "id -u; hostname oops"; hostname'
    assert "$output" == $'0\noops'
    mc -any lab -- sh -c 'minicontainer run --only caps -- sh -c "id -u; hostname oops"; hostname'
    assert "$output" == $'0\nlab'
    assert "$stderr" contains "must be root"
}

@test "the five sets: fourteen, no more and no less" {
    requires userns
    local who set
    for who in $(people); do
        for set in "" --caps --init "--only user,caps" "--only user,pid,mnt,root,caps,seccomp" \
            --no-seccomp "--security-opt no-new-privileges"; do
            $who mc run $set -- sh -c "$five"
            assert_sets "$FOURTEEN" "$who, run $set"
        done
        # Their children have them too, in a shell of a shell and as another program.
        $who mc run -- sh -c "sh -c 'exec sh -c \"exec sed -n s/^Cap...:.//p /proc/self/status\"'"
        assert_sets "$FOURTEEN" "$who, a grandchild"
    done
}

@test "without it: all that a user namespace gives, and in the lab too" {
    requires userns
    local who set
    for who in $(people); do
        for set in --no-caps --privileged "--only user" "--only user,seccomp"; do
            $who mc run $set -- sh -c "$five"
            assert "${lines[2]}" == "$(all_caps)" "$who, run $set: effective"
            assert "${lines[3]}" == "$(all_caps)" "$who, run $set: bounding"
        done
        $who mc lab -- sh -c "$five"
        assert "${lines[2]}" == "$(all_caps)" "$who, lab"
    done
}

@test "--cap-add and --cap-drop: every spelling, again and again, in any order" {
    requires userns
    local name
    for name in SYS_ADMIN CAP_SYS_ADMIN sys_admin cap_sys_admin Sys_Admin Cap_Sys_Admin; do
        mc run --cap-add "$name" -- sh -c "$five"
        assert_sets "$(with 21)" "--cap-add $name"
    done
    for name in CHOWN CAP_CHOWN chown cap_chown; do
        mc run --cap-drop "$name" -- sh -c "$five"
        assert_sets "$(without 0)" "--cap-drop $name"
        mc run "--cap-drop=$name" -- sh -c "$five"
        assert_sets "$(without 0)" "--cap-drop=$name"
    done
    mc run --cap-add net_admin --cap-add SYS_TIME --cap-add checkpoint_restore -- sh -c "$five"
    assert_sets "$(with 12 25 40)"
    mc run --cap-drop kill --cap-drop mknod --cap-drop setfcap -- sh -c "$five"
    assert_sets "$(without 5 27 31)"
    # What is there already, or not there, may be named.
    mc run --cap-add chown --cap-drop sys_admin -- sh -c "$five"
    assert_sets "$FOURTEEN"
}

@test "ALL: everything, nothing, and all but one, as Docker reads it" {
    requires userns
    local all word
    all=$(all_caps)
    for word in ALL all All CAP_ALL; do
        mc run --cap-drop "$word" -- sh -c "$five"
        assert_sets "$NONE" "--cap-drop $word"
        mc run --cap-add "$word" -- sh -c "$five"
        assert_sets "$all" "--cap-add $word"
    done
    for set in "--cap-drop ALL --cap-add chown" "--cap-add chown --cap-drop ALL"; do
        mc run $set -- sh -c "$five"
        assert_sets 0000000000000001 "$set"
    done
    for set in "--cap-add ALL --cap-drop sys_admin" "--cap-drop sys_admin --cap-add ALL"; do
        mc run $set -- sh -c "$five"
        assert_sets "$(printf '%016x' $((16#$all & ~(1 << 21))))" "$set"
    done
}

@test "a name that is none is refused, and where they stand is said" {
    local option
    for option in --cap-add --cap-drop; do
        mc -125 run "$option" SYS_ADMNI -- true
        assert "$stderr" contains "$option \"SYS_ADMNI\": wants one of lesson 12"
        assert "$output" == ""
        mc -125 run "$option" CAP_NETADMIN -- true
        assert "$stderr" contains "lesson 12"
        mc -125 run "$option" "" -- true
        assert "$stderr" starts "minicontainer: "
        mc -125 run "$option" CAP_ -- true
        mc -125 run "$option" chown,kill -- true
        mc -125 run "$option" 21 -- true
    done
}

@test "without the row its options are refused, with a line that works" {
    local set option
    for set in --no-caps --none "--only user,uts" --privileged; do
        for option in --cap-add --cap-drop; do
            mc -125 run $set "$option" chown -- true
            assert "$stderr" contains "$option" "$set"
            assert "$stderr" contains "caps" "$set"
        done
    done
}

@test "what is newer than the table is dropped too" {
    requires cc userns
    # A copy of the program that does not know the last three: a kernel that is younger than it.
    cp "$MC_TREE/minicontainer.c" older.c
    sed -i '/^    { "\(perfmon\|bpf\|checkpoint_restore\)", "/d; s/KNOWN_CAPS = 41/KNOWN_CAPS = 38/' older.c
    assert "$(grep -c '{ "\(perfmon\|bpf\|checkpoint_restore\)"' older.c)" -eq 0
    assert "$(grep -c 'KNOWN_CAPS = 38' older.c)" -eq 1
    assert "$(($(wc -l <"$MC_TREE/minicontainer.c") - $(wc -l <older.c)))" -eq 2
    call cc -w -o older older.c
    call ./older run -- sh -c "$five"
    assert_sets "$FOURTEEN"
    call ./older run --cap-drop ALL -- sh -c "$five"
    assert_sets "$NONE"
    call ./older run --cap-add ALL -- sh -c "$five"
    assert_sets "$(all_caps)" "ALL is all that the kernel has"
}

@test "what is gone does not come back" {
    need_calls
    local who
    for who in $(people); do
        $who in_box -- regain
        assert "$output" has-line $'capset\tEPERM' "$who"
        assert "$output" has-line $'ambient\tEPERM' "$who"
        assert "$output" has-line $'bounding\t0' "$who"
        # User 0 is what it is already, and that alone gives nothing.
        assert "$output" has-line $'setresuid\tok' "$who"
        $who mc run -- setpriv --reuid 0 --regid 0 --keep-groups sh -c "$five"
        assert_sets "$FOURTEEN" "$who: setuid"
    done
    # The control: without the row there is something to raise.
    in_box --no-caps -- regain
    assert "$output" has-line $'bounding\t1'
}

@test "another user has none, and the way back to root is shut" {
    requires userns root
    mc run -- setpriv --reuid 5 --regid 5 --clear-groups sh -c "id -u; $five"
    assert "${lines[0]}" == 5
    assert "${lines[3]}" == "$NONE" "effective"
    mc -any run -- setpriv --reuid 5 --regid 5 --clear-groups setpriv --reuid 0 id -u
    assert "$status" -ne 0
    assert "$output" == ""
}

@test "what the fourteen are for works" {
    requires userns perl
    # chown (where the map has a second number), dac_override, kill, net_bind_service.
    mc run -- sh -c 'echo hi >/tmp/f && chmod 0 /tmp/f && cat /tmp/f'
    assert "$output" == hi
    mc -1 run --cap-drop dac_override -- sh -c 'echo hi >/tmp/f && chmod 0 /tmp/f && cat /tmp/f'
    assert "$stderr" contains "Permission denied"
    local port80='use Socket; socket(S, AF_INET, SOCK_STREAM, 0) or die;
        print bind(S, pack_sockaddr_in(80, INADDR_LOOPBACK)) ? "bound" : "$!", "\n"'
    mc run -- sh -c 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start'
    if [ "$output" -gt 80 ]; then
        mc run -- perl -e "$port80"
        assert "$output" == bound
        mc run --cap-drop net_bind_service -- perl -e "$port80"
        assert "$output" == "Permission denied"
    fi
    mc run -- chroot / true
    mc -125 run --cap-drop sys_chroot -- chroot / true
    assert "$stderr" contains "Operation not permitted"
    if [ "$(id -u)" = 0 ]; then
        mc run -- sh -c 'touch /tmp/f && chown 5 /tmp/f && stat -c %u /tmp/f'
        assert "$output" == 5
        mc -1 run --cap-drop chown -- sh -c 'touch /tmp/f && chown 5 /tmp/f'
        assert "$stderr" contains "not permitted"
    fi
}

@test "what the others are for does not work, and with --cap-add it does" {
    requires userns ip
    # Names, mounts, addresses: each call is open, so that the capability alone is asked.
    local row option command
    while IFS='|' read -r option command; do
        mc run --no-caps --no-seccomp -- sh -c "$command"
        mc -any run --no-seccomp -- sh -c "$command"
        assert "$status" -ne 0 "without $option: $command"
        mc run --no-seccomp --cap-add "$option" -- sh -c "$command"
    done <<'END'
sys_admin|hostname oops && test "$(hostname)" = oops
sys_admin|mkdir /tmp/m && mount -t tmpfs none /tmp/m
sys_admin|mount -o remount,bind,rw /usr
net_admin|ip addr add 10.9.8.7/8 dev lo
net_admin|ip link set lo down
END
}

@test "a read-only volume and root cannot be made writable by its root" {
    requires userns root
    mkdir v
    chmod 0777 v
    local command='mount -o remount,bind,rw /v; touch /v/x'
    mc -any run --no-seccomp -v "$PWD/v:/v:ro" -- sh -c "$command"
    assert "$status" -ne 0
    assert "$(ls v)" == ""
    mc run --no-seccomp --cap-add sys_admin -v "$PWD/v:/v:ro" -- sh -c "$command"
    assert "$(ls v)" == x "the control: with the right it can"
}

@test "--cap-add tells what somebody who breaks in gets" {
    requires userns
    mc run --cap-add SYS_TIME -- true
    assert "$stderr" contains "note: --cap-add sys_time"
    mc run --cap-add chown -- true
    assert "$stderr" == "" "this one is kept anyway"
}

@test "a second window has the same rights" {
    requires userns
    (
        remember_session
        exec setsid "$MC" run --cap-drop kill --cap-add net_admin -- sh -c 'echo up; exec sleep 300'
    ) >up 2>&1 3>&- 4>&- &
    local outer=$!
    wait_for 'grep -q up up'
    mc exec "$outer" -- sh -c "$five"
    assert_sets "$(printf '%016x' $((16#$(with 12) & ~(1 << 5))))"
    kill -9 "$outer"
    wait "$outer" || true
    no_process_left
}

@test "look says it, in words and for programs" {
    requires userns
    mc lab -- minicontainer run --only caps -- minicontainer look --porcelain
    local names='chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service'
    names+=' net_raw sys_chroot mknod audit_write setfcap'
    assert "$output" has-line $'caps\ta80425fb\t14: '"$names"
    mc lab -- minicontainer look --porcelain
    assert "$output" =~ $'(^|\n)caps\t[0-9a-f]+\tall '"$(($(cat /proc/sys/kernel/cap_last_cap) + 1))"$'(\n|$)'
    mc lab -- minicontainer run --only caps --cap-drop ALL -- minicontainer look --porcelain
    assert "$output" has-line $'caps\t0\tnone'
}

@test "compare caps: one lab is renamed, the other is not" {
    requires userns hostname
    mc compare caps
    assert "$output" contains "must be root"
    # The control: both asked the same, and both were user 0.
    assert "$output" =~ $'\n0 +\\| 0'
}

# The table in the C file, in its order: name|what somebody who broke in does with it.
table_of_file() {
    sed -n '/ capabilities\[\] = {$/,/^};/p' "$TOP/minicontainer.c" |
        grep -oE '\{ "[a-z_]+", "[^"]+" \}' | sed 's/^{ "//; s/", "/|/; s/" }$//'
}

@test "the number of what is kept is Docker's, and its comment names those, and no others" {
    local bits=0 n=0 name
    call "$MC" source DEFAULT_CAPS
    assert "$output" contains "#define DEFAULT_CAPS 0xa80425fb"
    tr -c 'a-z_\n' '\n' <<<"$output" >words
    # The rows of the table in their order: the number of each.
    table_of_file | cut -d'|' -f1 >names
    assert "$(wc -l <names)" -ge 41
    while read -r name; do
        if grep -qx "$name" words; then bits=$((bits | 1 << n)); fi
        n=$((n + 1))
    done <names
    assert "$(printf '%016x' "$bits")" == "$FOURTEEN"
}

@test "--explain tells the call and what is kept" {
    requires userns
    mc run --explain -- true
    assert "$stderr" =~ 'child  call  syscall\(SYS_capset, .*\) = 0'
    assert "$stderr" contains "kept: chown dac_override"
    mc run --no-caps --explain -- true
    assert "$stderr" lacks SYS_capset
}

@test "the table has every capability of this kernel, once, and each has its reasons" {
    local found why name
    found=$(table_of_file)
    assert "$(wc -l <<<"$found")" -ge "$(($(cat /proc/sys/kernel/cap_last_cap) + 1))"
    assert "$(cut -d'|' -f1 <<<"$found" | sort | uniq -d)" == ""
    assert "$(awk -F'|' 'NF != 2 || length($2) < 8' <<<"$found")" == ""
    # Why each is kept, or not, stands above them.
    mc source capabilities
    why=$(sed '/static const/,$d' <<<"$output")
    while read -r name; do
        assert "$(grep -cw "$name" <<<"$why")" -ge 1 "$name: why"
    done < <(cut -d'|' -f1 <<<"$found")
    # Their order is the kernel's: setpriv knows the names by number.
    if command -v setpriv >/dev/null && setpriv --list-caps >known 2>/dev/null; then
        assert "$(cut -d'|' -f1 <<<"$found" | head -n "$(wc -l <known)")" == "$(<known)"
    fi
}
