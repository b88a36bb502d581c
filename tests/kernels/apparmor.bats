# apparmor.bats -- a machine whose AppArmor restricts the user namespaces of ordinary users, as
# Ubuntu's does. (Run by tests/kernels.bash; tests/kernels/apparmor has loaded the profiles, which
# belong to programs in /opt/denied, /opt/powerless and /opt/allowed.)

load ../helpers

setup() {
    mc_setup
    if [ -n "$WITHOUT" ]; then skip "$WITHOUT"; fi
}

@test "the profiles are at work: unshare(1) is denied, powerless, allowed" {
    as_user call -1 /opt/denied/unshare --user --map-root-user id -u
    assert "$stderr" contains "unshare failed: Permission denied"
    as_user call -1 /opt/powerless/unshare --user --map-root-user id -u
    assert "$stderr" contains "uid_map: Operation not permitted"
    as_user call /opt/allowed/unshare --user --map-root-user id -u
    assert "$output" == 0
}

@test "user namespaces are denied: 125, the call, the cause and a cure" {
    local command
    for command in 'run' 'run --only user,uts' 'lab'; do
        # shellcheck disable=SC2086  # words
        as_user call -125 /opt/denied/minicontainer $command -- echo it ran
        assert "$output" == ""
        assert "$stderr" contains "EACCES"
        assert "$stderr" contains "cause:  a security module (AppArmor, SELinux) forbids user name"
        assert "$stderr" contains "cure:   use sudo"
    done
}

@test "user namespaces without privileges: 125, what was refused, the cause and a cure" {
    local options refused
    # The profile judges the caller of clone(2): for a second namespace it lacks the privilege. A
    # user namespace alone is made, but its files in /proc may not be written.
    while IFS=: read -r options refused; do
        # shellcheck disable=SC2086  # words
        as_user call -125 /opt/powerless/minicontainer run $options -- echo it ran
        assert "$output" == ""
        assert "$stderr" =~ "$refused"
        assert "$stderr" contains "cause:  our AppArmor profile allows no privileges"
        assert "$stderr" contains "cure:   use sudo"
    done <<'EOF'
:clone.*EPERM
--only user:setgroups.*EACCES
EOF
}

@test "a profile that allows user namespaces is the cure" {
    as_user call /opt/allowed/minicontainer run --hostname box -- sh -c 'hostname; id -u'
    assert "$output" == $'box\n0'
    as_user call /opt/allowed/minicontainer lab -- id -u
    assert "$output" == 0
}

@test "the profile that make apparmor writes is the cure, for the one program that it names" {
    as_user call -125 /opt/denied/kit/other run -- echo it ran
    assert "$stderr" contains "EACCES"
    as_user call /opt/denied/kit/minicontainer run --hostname box -- sh -c 'hostname; id -u'
    assert "$output" == $'box\n0'
    # In a lab its copy has another path; the profile goes along.
    as_user call /opt/denied/kit/minicontainer lab minicontainer run id -u
    assert "$output" == 0
}

@test "doctor says it: user and containers are missing, by that cause" {
    as_user call -1 /opt/denied/minicontainer doctor --porcelain
    assert "$output" =~ $'\nuser\tmissing\ta security module'
    assert "$output" =~ ^container$'\tmissing\t'
    as_user call -1 /opt/powerless/minicontainer doctor --porcelain
    assert "$output" =~ $'\nuser\tmissing\tour AppArmor profile'
    assert "$output" =~ ^container$'\tmissing\t'
    as_user call /opt/allowed/minicontainer doctor --porcelain
    assert "$output" =~ $'\nuser\tworks'
    assert "$output" =~ ^container$'\tworks'
}

@test "nothing stays of a refused start" {
    local before
    # The helper makes a directory for that user: before the first look, not after it.
    as_user call true
    before=$(fingerprint)
    as_user call -125 /opt/denied/minicontainer run -- true
    as_user call -125 /opt/powerless/minicontainer run -- true
    no_process_left
    assert "$(fingerprint)" == "$before"
}
