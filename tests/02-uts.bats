# 02-uts.bats -- chapter 2: host name and NIS domain name.
#
# Who has no privilege gets it from the row user, so `--only user` is the control of `--only
# user,uts`. What would rename a machine is tried in a lab only.

load helpers

machine() { readlink "/proc/self/ns/$1"; }
names() { cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname; }

@test "control: without uts the namespace is the machine's" {
    local how
    for how in '--only user' '--no-uts' '--uts=host' '--only user,pid,mnt,proc,root,net'; do
        # shellcheck disable=SC2086  # words
        mc run $how -- readlink /proc/self/ns/uts
        assert "$output" == "$(machine uts)" "$how"
        # shellcheck disable=SC2086
        mc run $how -- uname -n
        assert "$output" == "$(uname -n)" "$how"
    done
}

@test "with uts the namespace is another, and no other row changes" {
    mc run --only user,uts -- readlink /proc/self/ns/uts
    assert "$output" =~ '^uts:\[[0-9]+\]$'
    assert "$output" != "$(machine uts)"
    mc run -- readlink /proc/self/ns/uts
    assert "$output" != "$(machine uts)"
    mc run --only user,uts -- readlink /proc/self/ns/{pid,mnt,ipc,net,cgroup,time}
    assert "$output" == "$(readlink /proc/self/ns/{pid,mnt,ipc,net,cgroup,time})"
}

@test "two containers side by side have two" {
    mkfifo ready end
    chmod 0666 ready end
    local first
    exec {end}<>end # so that nobody waits for ever
    mc run --only user,uts -- sh -c 'readlink /proc/self/ns/uts >ready; read x <end' 3>&- 4>&- &
    read -rt 10 first <>ready
    mc run --only user,uts -- readlink /proc/self/ns/uts
    echo >end
    wait
    exec {end}>&-
    assert "$first" != "$output"
    assert "$first" != "$(machine uts)"
}

@test "the name is box, or what --hostname says, from 1 to 64 letters" {
    local name longest
    printf -v longest 'a%.0s' {1..64}
    mc run -- uname -n
    assert "$output" == box
    for name in x web-1 example.org "$longest"; do
        mc run --hostname "$name" -- uname -n
        assert "$output" == "$name"
        mc run --only user,uts "--hostname=$name" -- uname -n
        assert "$output" == "$name"
    done
    for name in '' "b$longest"; do
        mc -125 run --hostname "$name" -- true
        assert "$stderr" contains hostname
        assert "$stderr" contains 64
    done
}

@test "the name stands wherever programs look for it" {
    mc run --hostname web -- sh -c 'uname -n; cat /proc/sys/kernel/hostname /etc/hostname
        echo "$HOSTNAME"; echo "$PS1"; grep -cw web /etc/hosts'
    assert "$output" == $'web\nweb\nweb\nweb\nweb# \n1'
}

@test "control: without uts a rename changes the machine around it, here a lab" {
    requires hostname
    mc lab sh -c 'hostname; minicontainer run --only none -- hostname oops; hostname'
    assert "$output" == $'lab\noops'
    mc lab sh -c 'minicontainer run --only none -- domainname oops; domainname'
    assert "$output" == oops
}

@test "with uts a rename stays inside" {
    requires hostname
    mc lab sh -c 'minicontainer run --only uts -- sh -c "hostname oops; hostname"; hostname'
    assert "$output" == $'oops\nlab'
    mc lab sh -c 'minicontainer run --only uts -- sh -c "domainname oops; domainname"
        domainname'
    assert "$output" == $'oops\n(none)'
}

@test "the machine keeps its names: rename in it, in a lab, in a lab of a lab" {
    requires hostname
    local before
    before=$(fingerprint)
    mc run --privileged -- sh -c 'hostname oops && domainname oops && hostname && domainname'
    assert "$output" == $'oops\noops'
    # Rows caps and seccomp each keep root of the container from it.
    local how
    for how in '' --no-caps --no-seccomp --cap-drop=ALL; do
        # shellcheck disable=SC2086  # words
        mc -any run $how -- sh -c 'hostname oops || domainname oops; hostname; domainname'
        assert "$output" == $'box\n(none)' "$how"
    done
    mc run --cap-add SYS_ADMIN -- sh -c 'hostname oops && hostname'
    assert "$output" == oops
    mc run --only user,uts -- sh -c 'hostname oops; hostname'
    assert "$output" == oops
    mc lab hostname oops
    mc lab sh -c 'minicontainer lab hostname oops; hostname'
    assert "$output" == lab
    assert "$(fingerprint)" == "$before"
}

@test "a new namespace copies both names; then each goes its own way" {
    requires hostname
    # The program sets the host name itself, so the domain name tells.
    mc lab sh -c 'domainname school; minicontainer run --only uts -- domainname'
    assert "$output" == school
    mc lab sh -c 'domainname school
        minicontainer run --only uts -- sh -c "domainname other; domainname"; domainname'
    assert "$output" == $'other\nschool'
    # A copy is no link: what changes outside later is not seen inside.
    mc lab sh -c 'mkfifo go end
        minicontainer run --only uts -- sh -c "echo >go; read x <end; domainname" &
        read x <go; domainname later; echo >end; wait; domainname'
    assert "$output" == $'(none)\nlater'
}

@test "without uts and with user, root inside may not rename the machine" {
    requires hostname
    local before
    before=$(names)
    # With all rights that it can have there, and with those that are left by default.
    local how
    for how in '--no-uts --privileged' --no-uts; do
        # shellcheck disable=SC2086  # words
        mc -1 run $how -- hostname oops
        assert "$stderr" contains hostname
        assert "$(names)" == "$before"
    done
}

@test "--hostname where uts is off is refused, not forgotten" {
    local how
    for how in --no-uts '--only user' --uts=host; do
        # shellcheck disable=SC2086  # words
        mc -125 run $how --hostname web -- true
        assert "$stderr" contains uts "$how"
        assert "$stderr" contains "  try:" "$how"
    done
}

@test "asked for and denied at once is refused" {
    mc -125 run --uts --no-uts -- true
    assert "$stderr" contains uts
    mc -125 run --only user,uts --no-uts -- true
}

@test "/etc/hostname is a file: writing it renames nothing" {
    mc run -- sh -c 'echo oops >/etc/hostname; uname -n'
    assert "$output" == box
}

@test "--explain tells the call with its name, and what is so now" {
    mc run --explain --only user,uts --hostname web -- true
    assert "$stderr" =~ 'child  call  sethostname\(.*\) = 0 .*"web"'
    assert "$stderr" =~ 'child  now   uts: web'
    assert "$stderr" =~ 'CLONE_NEWUTS'
    mc run --explain --only user -- true
    assert "$stderr" lacks sethostname
    assert "$stderr" lacks CLONE_NEWUTS
}

@test "look and compare say it" {
    requires hostname
    mc lab minicontainer look --porcelain
    assert "$output" =~ $'(^|\n)uts\t[0-9:]+\tlab(\n|$)'
    mc compare
    assert "$output" =~ $'(^|\n)uts +own .*box'
    mc compare --no-uts
    assert "$output" =~ $'(^|\n)uts +shared '
    # One lab was renamed, the other was not.
    mc compare uts -- hostname oops
    local lab
    lab=$(sed '1,/around/d' <<<"$output")
    assert "$(cut -d'|' -f1 <<<"$lab")" contains oops "the lab without uts"
    assert "$(cut -d'|' -f2 <<<"$lab")" lacks oops "the lab with uts"
}
