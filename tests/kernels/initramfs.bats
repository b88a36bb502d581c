# initramfs.bats -- / is the initramfs itself, as on a live system that never left it. The kernel
# pivots no initramfs. (Run by tests/kernels.bash, in a machine of its own.)

load ../helpers

@test "/ is the initramfs" {
    assert "$(awk '$5 == "/" { print $9 }' /proc/self/mountinfo)" == rootfs
}

@test "row root cannot be had: the cause and the cure are said" {
    local who
    for who in $(people); do
        $who mc -125 run -- echo it ran
        assert "$output" == ""
        assert "${stderr_lines[0]}" =~ 'pivot_root.* failed: EINVAL'
        assert "$stderr" contains "cause:  / is the initramfs"
        assert "$stderr" contains "cure:   leave it out: --no-root"
    done
}

@test "the cure works: every row but root" {
    local who
    for who in $(people); do
        $who mc run --no-root --hostname live -- sh -c 'hostname; id -u; echo $$'
        assert "$output" == $'live\n0\n2'
        # Its own /proc: only our init and the shell are there.
        $who mc run --no-root -- sh -c 'echo /proc/[0-9]*'
        assert "$output" == '/proc/1 /proc/2'
        $who mc run --no-root -- sh -c 'sed -n "s/^ *\([^ :]*\):.*/\1/p" /proc/net/dev'
        assert "$output" == lo
    done
}

@test "nothing of it stays: mounts, names, processes, files" {
    local before
    before=$(fingerprint)
    mc -125 run -- true
    mc run --no-root --privileged -- hostname inside
    mc -any lab -- true
    no_process_left
    assert "$(fingerprint)" == "$before"
}

@test "doctor: row root is missing, by the same cause" {
    mc -1 doctor --porcelain
    assert "$output" =~ $'\nroot\tmissing\t/ is the initramfs'
    assert "$output" =~ $'\n'uts$'\t'works
    assert "$output" =~ $'\n'mnt$'\t'works
}
