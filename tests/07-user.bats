# 07-user.bats -- chapter 7: user and group numbers.
#
# Root and an ordinary user get different maps; where that matters a test asks who it is.

load helpers

machine() { readlink /proc/self/ns/user; }
numbers() { tr -s ' ' ' ' <<<"$output" | sed 's/^ //'; } # of a map, without its padding

# The number outside of 0 inside, without --map.
outside() { if [ "$(id -u)" = 0 ]; then echo 1879048192; else id -u; fi; }

# helpers_on_path STATUS: a newuidmap and a newgidmap that write down what they are asked, in $PWD/asked.
helpers_on_path() {
    local name
    mkdir -p fake
    for name in newuidmap newgidmap; do
        printf '#!/bin/sh\necho %s $(shift; echo "$@") >>%q\nexit %s\n' "$name" "$PWD/asked" "$1" \
            >"fake/$name"
        chmod 0755 "fake/$name"
    done
    : >asked
    chmod 0666 asked
}

@test "control: without user the namespace is the lab's, with it it is another" {
    mc lab sh -c 'for how in none uts,pid,mnt,proc,root,ipc user user,uts; do
        minicontainer run --only $how -- readlink /proc/self/ns/user; done
        readlink /proc/self/ns/user'
    assert "${lines[0]}" == "${lines[4]}"
    assert "${lines[1]}" == "${lines[4]}"
    assert "${lines[2]}" != "${lines[4]}"
    assert "${lines[3]}" != "${lines[4]}"
    mc run -- readlink /proc/self/ns/user
    assert "$output" != "$(machine)"
    mc run --only user -- readlink /proc/self/ns/user
    assert "$output" =~ '^user:\[[0-9]+\]$'
    assert "$output" != "$(machine)"
    mc run --only user -- readlink /proc/self/ns/{uts,pid,mnt,ipc,net,cgroup,time}
    assert "$output" == "$(readlink /proc/self/ns/{uts,pid,mnt,ipc,net,cgroup,time})"
}

@test "inside we are user 0, group 0, with no other group" {
    local how
    for how in '' '--only user' '--only user,mnt,root' '--no-pid' "--map 0:$(id -u):1"; do
        # shellcheck disable=SC2086  # words
        mc run $how -- sh -c 'id -u; id -g; id -G'
        assert "$output" == $'0\n0\n0' "$how"
    done
}

@test "the map of root: 0 inside is the first of a range that nobody has" {
    requires root
    mc run --only user -- cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups
    assert "$(numbers)" == $'0 1879048192 65536\n0 1879048192 65536\nallow'
    mc run -- cat /proc/self/uid_map /proc/self/gid_map
    assert "$(numbers)" == $'0 1879048192 65536\n0 1879048192 65536'
    # So many numbers are of use: a group, another user.
    mc run -- setpriv --reuid 65535 --regid 7 --groups 8,9 id -u
    assert "$output" == 65535
    call -2 getent passwd 1879048192
}

# own_subids STATUS SUBUID SUBGID: the map that root's container gets on a machine whose /etc/subuid
# and /etc/subgid say this. (They are covered in a mount table of this command alone.)
own_subids() {
    printf '%s' "$2" >subuid
    printf '%s' "$3" >subgid
    call "-$1" unshare --mount --propagation private sh -c 'mount --bind subuid /etc/subuid &&
        mount --bind subgid /etc/subgid && exec "$0" run --only user -- cat /proc/self/uid_map' "$MC"
}

@test "the map of root: refused if a number of it is in /etc/subuid or /etc/subgid" {
    requires root
    if [ ! -e /etc/subuid ] || [ ! -e /etc/subgid ]; then skip "these files are not here"; fi
    # What useradd(8) and systemd give out is below ours: Debian's seventh user has 493216-558751.
    own_subids 0 $'anna:100000:65536\nbert:493216:65536\n' $'anna:100000:65536\n'
    assert "$(numbers)" == "0 1879048192 65536"
    # What is before it or behind it is not of it; a last line without its end is one, too.
    own_subids 0 $'anna:1879113728:65536\nbert:1879048000:192\n' 'anna:100000:65536'
    assert "$(numbers)" == "0 1879048192 65536"
    # One number of it is enough, in either file: refused, and not 0 outside.
    local subuid subgid
    while read -r subuid subgid; do
        own_subids 125 "${subuid#-}" "${subgid#-}"
        assert "$output" == "" "$subuid $subgid"
        assert "$stderr" contains "  cure:   --map 0:FIRST:65536"
    done <<'END'
anna:1879113727:1 -
- anna:1879048000:193
anna:1879048192:65536 bert:1879113728:65536
anna:1879048192:2415919103 anna:100000:65536
END
}

@test "where 0 inside is 0 outside, it is said" {
    requires root
    mc run --map 0:0:1 --only user -- cat /proc/self/uid_map
    assert "$(numbers)" == "0 0 1"
    assert "$stderr" contains "note: 0 inside is 0 outside"
    mc run --map 0:1000:1 --map 7:0:1 --only user -- true
    assert "$stderr" contains "note: 7 inside is 0 outside"
    # Who is root without the right to give out other numbers has no other.
    call setpriv --bounding-set=-setuid "$MC" run --only user -- cat /proc/self/uid_map
    assert "$(numbers)" == "0 0 1"
    assert "$stderr" contains "note: 0 inside is 0 outside"
    mc run --only user -- true
    assert "$stderr" == ""
}

@test "the map of an ordinary user: just themselves, and setgroups(2) is given up" {
    as_user mc run --only user -- cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups
    assert "$(numbers)" =~ ^'0 '[0-9]+' 1'$'\n''0 '[0-9]+' 1'$'\n''deny'$
    assert "$(numbers)" lacks "0 0 1"
    if [ "$(id -u)" != 0 ]; then
        assert "$(numbers)" == "0 $(id -u) 1"$'\n'"0 $(id -g) 1"$'\ndeny'
    fi
    as_user mc run -- sh -c 'setpriv --groups 0 true 2>&1 || echo refused'
    assert "$output" ends refused
}

@test "a group number that is not the user number is mapped as what it is" {
    requires root user
    call setpriv --reuid 1000 --regid 1234 --clear-groups "$MC" run --only user -- \
        cat /proc/self/uid_map /proc/self/gid_map
    assert "$(numbers)" == $'0 1000 1\n0 1234 1'
    call setpriv --reuid 1000 --regid 1234 --clear-groups "$MC" run --map 0:1000:1 -- \
        cat /proc/self/uid_map /proc/self/gid_map
    assert "$(numbers)" == $'0 1000 1\n0 1234 1'
}

@test "the caller's groups stay outside" {
    requires root
    mkdir -m 0770 club
    chgrp 4242 club
    call setpriv --reuid 1000 --regid 1000 --groups 4242 ls club # control
    call setpriv --groups 4242,4243 "$MC" run --only user -- sh -c 'id -G; ls club 2>&1; true'
    assert "${lines[0]}" == 0
    assert "$output" contains "Permission denied"
}

@test "root of nothing: it may not rename the machine, but what belongs to its namespace" {
    requires hostname
    local before
    before=$(fingerprint)
    mc lab sh -c 'minicontainer run --only none -- hostname oops; uname -n
        minicontainer run --only user -- sh -c "id -u; hostname no"; uname -n
        minicontainer run --only user,uts -- sh -c "hostname yes; uname -n"; uname -n'
    assert "$output" == $'oops\n0\noops\nyes\noops'
    assert "$(fingerprint)" == "$before"
    # Every capability, and none of them outside: mounts, links, clocks of the machine.
    mc run --only user -- grep CapEff /proc/self/status
    assert "$output" =~ '[1-9a-f]'
    mc run --only user -- sh -c 'mount -t tmpfs none /mnt && echo mounted
        ip link add d06 type dummy && echo added; date -s 2001-01-01 && echo set; true'
    assert "$output" lacks mounted
    assert "$output" lacks added
    assert "$output" lacks set
    assert "$(fingerprint)" == "$before"
}

@test "the machine's root is nobody in there, and what only root may is refused" {
    mc run --only user -- stat -c '%u %g' /etc/passwd
    assert "$output" == "65534 65534"
    mc run --only user -- sh -c 'cat /etc/shadow || cat /etc/gshadow || echo refused'
    assert "$output" == refused
    if [ "$(id -u)" != 0 ]; then return; fi
    echo secret >mine
    chmod 0600 mine
    mc -1 run --only user -- cat mine
    assert "$stderr" contains "Permission denied"
    mc -1 run --only user -- chmod 0644 mine
    assert "$(stat -c %a mine)" == 600
    # Not a process of root's either.
    sleep 100 3>&- 4>&- &
    mc -1 run --only user -- /bin/kill "$!"
    kill -0 "$!"
    kill "$!"
}

@test "a file made inside belongs to 0 there, and out here to the number behind it" {
    mkdir open
    chmod 0777 open
    mc run --only user -- sh -c 'touch open/f; stat -c "%u %g" open/f'
    assert "$output" == "0 0"
    assert "$(stat -c %u open/f)" == "$(outside)"
    mc run -v "$PWD/open:/open" -- sh -c 'touch /open/g; stat -c "%u %g" /open/g'
    assert "$output" == "0 0"
    assert "$(stat -c %u open/g)" == "$(outside)"
    rm -rf open
}

@test "a number that the map does not have can own nothing" {
    local uid
    mkdir open
    chmod 0777 open
    mc -1 run --only user -- sh -c 'touch open/f; chown 70000 open/f'
    assert "$stderr" contains "Invalid argument"
    uid=$(stat -c %u open/f)
    assert "$uid" == "$(outside)"
    if [ "$(id -u)" = 0 ]; then
        mc run --only user -- sh -c 'chown 5 open/f; stat -c %u open/f'
        assert "$output" == 5
        assert "$(stat -c %u open/f)" == 1879048197
    else
        mc -1 run --only user -- chown 5 open/f
        assert "$stderr" contains "Invalid argument"
    fi
}

@test "--map says who stands behind a number" {
    mc run --map "0:$(id -u):1" -- cat /proc/self/uid_map
    assert "$(numbers)" == "0 $(id -u) 1"
    if [ "$(id -u)" != 0 ]; then return; fi
    mc run --map 0:1000:1 --map 1:100000:50 --map 51:7:1 --only user -- \
        cat /proc/self/uid_map /proc/self/gid_map
    assert "$(numbers)" == $'0 1000 1\n1 100000 50\n51 7 1\n0 1000 1\n1 100000 50\n51 7 1'
    mkdir open
    chmod 0777 open
    mc run --map 0:1000:1 --map 5:777:1 --only user -- sh -c 'touch open/f open/h; chown 5:5 open/h'
    assert "$(stat -c '%u %g' open/f open/h)" == $'1000 1000\n777 777'
    # Root's own number, for who wants it: then root's files are root's.
    echo secret >mine
    chmod 0600 mine
    mc run --map 0:0:1 --only user -- sh -c 'cat mine; stat -c %u mine'
    assert "$output" == $'secret\n0'
}

@test "a --map that is none is refused, and nothing is started" {
    local map before
    before=$(fingerprint)
    for map in '' x 0 0:1000 0:1000:0 0:1000:1:1 a:b:c 0:-1:1 -1:0:1 0:1000:-1 0:1000:1x \
        4294967296:0:1 0:0:4294967297 0::1 :: 1000:0:1 5:1000:1; do
        mc -125 run --map "$map" -- true
        assert "$stderr" contains map "--map '$map'"
        assert "$stderr" starts "minicontainer: " "--map '$map'"
    done
    mc -125 run --map 0:1000:1 --map 0:1001:1 -- true
    local many=()
    for map in {0..20}; do many+=(--map "$map:$((1000 + map)):1"); done
    mc -125 run "${many[@]}" -- true
    assert "$stderr" contains map
    # A map without the namespace.
    mc -125 run --no-user --map 0:1000:1 -- true
    assert "$stderr" contains user
    assert "$(fingerprint)" == "$before"
}

@test "an ordinary user's ranges go through newuidmap and newgidmap, as /etc/subuid allows" {
    local uid before
    uid=$(as_user id -u)
    before=$(fingerprint)
    helpers_on_path 1
    PATH=$PWD/fake:$PATH as_user mc -125 run --map "0:$uid:1" --map 1:100000:100 -- true
    assert "$(<asked)" == "newuidmap 0 $uid 1 1 100000 100" "it stops at the first refusal"
    assert "$stderr" contains subuid
    assert "$stderr" contains cure
    # Somebody else's number is a matter of the helpers too: we never write such a line.
    : >asked
    PATH=$PWD/fake:$PATH as_user mc -125 run --map 0:0:1 -- true
    assert "$(<asked)" == "newuidmap 0 0 1"
    # Only ourselves: no helper is asked.
    : >asked
    PATH=$PWD/fake:$PATH as_user mc run --map "0:$uid:1" -- id -u
    assert "$output" == 0
    assert "$(<asked)" == ""
    rm -r fake asked
    assert "$(fingerprint)" == "$before"
}

@test "where newuidmap is missing the cure is named" {
    local uid
    uid=$(as_user id -u)
    mkdir empty
    printf '#!/bin/sh\nPATH=%q exec %q "$@"\n' "$PWD/empty" "$MC" >without
    chmod 0755 without
    MC=$PWD/without as_user mc -125 run --map "0:$uid:1" --map 1:100000:100 -- true
    assert "$stderr" contains newuidmap
    assert "$stderr" contains "install uidmap"
}

@test "--explain tells a map of two lines on one line, and ends" {
    local uid
    uid=$(as_user id -u)
    helpers_on_path 1
    PATH=$PWD/fake:$PATH as_user mc -125 run --explain --map "0:$uid:1" \
        --map 1:100000:100 -- true
    assert "$(wc -l <<<"$stderr")" -lt 20
    assert "$stderr" =~ "newuidmap "[0-9]+" 0 $uid 1 1 100000 100"
    mc run --explain --only user -- true
    assert "$stderr" =~ "echo '0 $(outside) "[0-9]+"' > /proc/"[0-9]+/uid_map
}

@test "with a real line in /etc/subuid a range is a user's own" {
    requires subuid
    local uid first
    uid=$(as_user id -u)
    first=$(awk -F: -v u="$uid" -v n="$(as_user id -un)" \
        '$1 == n || $1 == u { print $2; exit }' /etc/subuid)
    as_user mc run --map "0:$uid:1" --map "1:$first:10" -- sh -c 'cat /proc/self/uid_map; touch /tmp/f
        chown 5 /tmp/f && stat -c %u /tmp/f'
    assert "$(numbers)" == "0 $uid 1"$'\n'"1 $first 10"$'\n5'
}

@test "a lab in a lab in a lab: each maps itself, and is root" {
    local level='id -u; tr -s " " " " </proc/self/uid_map'
    mc lab sh -c "$level; minicontainer lab sh -c '$level; minicontainer lab sh -c \"
        id -u; cat /proc/self/uid_map\"; minicontainer run -- id -u'"
    assert "$(grep -c '^0$' <<<"$output")" == 4
    assert "$(grep -cE '^ *0 +0 +1$' <<<"$output")" == 2
    assert "$(tr -s ' ' <<<"$output")" contains " 0 $(outside) "
}

@test "an ordinary user without user is refused with a line that works; root is warned" {
    local how try
    for how in --no-user --userns=host '--only uts' '--only uts,pid,mnt'; do
        # shellcheck disable=SC2086  # words
        as_user mc -125 run $how -- true
        assert "$stderr" contains "07-user" "$how"
        assert "$stderr" contains "minicontainer lab" "$how"
        try=$(sed -n 's/^ *try: *minicontainer //p' <<<"$stderr" | grep -m1 '^run ')
        # shellcheck disable=SC2086
        as_user mc ${try% --} -- true
    done
    as_user mc -125 run --user 1000 -- true
    assert "$stderr" contains "--user is --map here"
    if [ "$(id -u)" != 0 ]; then return; fi
    mc run --only uts -- id -u
    assert "$output" == 0
    assert "$stderr" contains "root of this machine"
    mc run --only user,uts -- true
    assert "$stderr" lacks "root of this machine"
}
