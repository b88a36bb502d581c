#!/usr/bin/env bash
# solution.sh -- a container runtime in ten steps, by the tools of util-linux: one way to do it.
#
#     NAME=box ROOT=DIR ./solution.sh COMMAND [ARG]...
#
# STEPS=N does the steps 1 to N only: so the tests see that each step needs its lines. The tools
# that come after the pivot (umount, env, setpriv) are those in ROOT.

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
on() { [ "${STEPS:-99}" -ge "$1" ]; }

# We are in the new namespaces: the last thing is to become COMMAND.
inside() {
    set -e
    if on 2; then hostname "$NAME"; fi
    if on 7; then ip link set lo up; fi
    if [ -n "${CABLE-}" ]; then inner_end; fi
    if on 5; then own_root; elif on 4; then mount -t proc proc /proc; fi
    if on 8; then
        cd /
        umask 022
        set -- env -i --default-signal PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ "$@"
    fi
    # It counts this user's processes in this user namespace: Linux 5.14.
    if on 10; then ulimit -u 32; fi
    if on 9; then
        set -- setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,+chown,+dac_override,`
            `+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,`
            `+sys_chroot,+mknod,+audit_write,+setfcap "$@"
    fi
    exec "$@"
}

# A new root must be a mount of its own. What is left of the old one is taken away, with every
# descriptor that leads there (255 is bash's own, and closes itself).
own_root() {
    local fd
    mount --rbind "$ROOT" "$ROOT"
    cd "$ROOT"
    if [ -n "${LAYERS-}" ]; then lay_layers; fi
    mount -t proc proc proc
    mkdir -p old
    pivot_root . old
    cd /
    umount -l old
    for fd in /proc/self/fd/*; do
        fd=${fd##*/}
        if [ "$fd" -gt 2 ] && [ "$fd" != 255 ]; then eval "exec $fd>&-"; fi
    done
}

# Bonus. We stand in the lower directory: "." is still that one when a tmpfs lies on top of it.
lay_layers() {
    mount -t tmpfs none "$ROOT"
    mkdir "$ROOT/upper" "$ROOT/work" "$ROOT/all"
    mount -t overlay -o "lowerdir=.,upperdir=$ROOT/upper,workdir=$ROOT/work" overlay "$ROOT/all"
    cd "$ROOT/all"
}

# Bonus. Only who is outside may put an end there: it is begun before we leave, and waits for the
# line with which we say that we have left.
outer_end() {
    read -r _
    ip link add "out$$" type veth peer name eth0 netns "$$"
    ip address add 10.9.8.1/24 dev "out$$"
    ip link set "out$$" up
}

inner_end() {
    echo "here we are" >&8
    exec 8>&-
    until ip link set eth0 up 2>/dev/null; do sleep 0.1; done
    ip address add 10.9.8.2/24 dev eth0
}

# The supervisor: it forks once, and with --pid that child is number 1. Who dies with whom: number 1
# with us, all others with number 1.
supervise() {
    local passed signal
    for signal in TERM INT HUP QUIT USR1 USR2; do
        # shellcheck disable=SC2064  # now
        trap "kill -$signal \$child; passed=yes" "$signal"
    done
    "$@" <&0 &
    child=$!
    # wait returns when a signal was passed on, too; asked again, it still knows the status.
    while passed=; wait "$child"; status=$?; [ -n "$passed" ]; do :; done
    exit "$status"
}

case ${1-} in
--inside)
    shift
    inside "$@"
    ;;
--supervise)
    shift
    set -- "$0" --inside "$@"
    if on 3; then set -- setpriv --pdeathsig KILL "$@"; fi
    # No tool of util-linux opens the mask of blocked signals.
    if on 8; then
        set -- perl -MPOSIX -e 'sigprocmask(SIG_SETMASK, POSIX::SigSet->new); exec @ARGV' "$@"
    fi
    supervise "$@"
    ;;
esac
if ! on 2; then supervise "$@"; fi
words=(--uts)
if on 3; then words+=(--pid); fi
if on 4; then words+=(--mount --propagation private); fi
if on 6; then words+=(--user --map-root-user); fi
if on 7; then words+=(--net); fi
if [ -n "${CABLE-}" ]; then exec 8> >(outer_end); fi
exec unshare "${words[@]}" -- "$0" --supervise "$@"
