/* limit.c -- how fast could it be? The system calls of `minicontainer run --image DIR -- COMMAND`,
 * one after the other, and nothing else: no options, no checks, no texts, no table.
 *
 *   limit DIR COMMAND...        the time that minicontainer takes more is for checks and for words
 *
 * It is no container for anybody: what fails is only counted, and the status is 125. bench.bash makes
 * filter.h (the instructions of chapter 13) and masks.h (the paths of chapter 5) out of
 * minicontainer.c, so that both programs give the kernel the same work.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct { uint16_t code; uint8_t yes, no; uint32_t k; } filter[] = {
#include "filter.h"
};
static const struct { const char *path; int hidden, directory; } masks[] = {
#include "masks.h"
};
static const uint64_t kept = UINT64_C(0xa80425fb); /* Docker's fourteen */

static int failed, life[2], pidfd;
#define DO(call) (failed += (call) < 0)

static void put(const char *path, const char *line)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    DO(write(fd, line, strlen(line)));
    close(fd);
}

/* What mount_setattr(2) sets: read-only 1, nosuid 2, nodev 4. */
static void restrict_to(const char *path, uint64_t set)
{
    struct { uint64_t set, clear, propagation, fd; } attr = { set, 0, 0, 0 };

    DO(syscall(442, AT_FDCWD, path, 0x8000, &attr, sizeof attr));
}

static void own_clocks(void)
{
    struct timespec t;
    char line[80];

    clock_gettime(CLOCK_BOOTTIME, &t);
    DO(unshare(0x80));
    snprintf(line, sizeof line, "monotonic -%lld 0\nboottime -%lld 0", (long long)t.tv_sec,
             (long long)t.tv_sec);
    put("/proc/self/timens_offsets", line);
    int fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
    DO(setns(fd, 0x80));
    close(fd);
}

static void own_dev(void)
{
    static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty" };
    static const char *const links[][2] = { { "/proc/self/fd", "fd" },
        { "/proc/self/fd/0", "stdin" }, { "/proc/self/fd/1", "stdout" },
        { "/proc/self/fd/2", "stderr" }, { "pts/ptmx", "ptmx" } };
    char path[32];

    DO(mount("dev", "dev", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=64m"));
    DO(chdir("dev"));
    for (int i = 0; i < 6; i++) {
        snprintf(path, sizeof path, "/dev/%s", devices[i]);
        DO(mknod(devices[i], S_IFREG | 0644, 0));
        DO(mount(path, devices[i], NULL, MS_BIND, NULL));
    }
    for (int i = 0; i < 5; i++)
        DO(symlink(links[i][0], links[i][1]));
    DO(mkdir("shm", 01777));
    DO(mkdir("pts", 0755));
    DO(mount("devpts", "pts", "devpts", MS_NOSUID | MS_NOEXEC,
             "newinstance,ptmxmode=0666,mode=0620"));
    DO(mkdir("mqueue", 0755));
    DO(mount("mqueue", "mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
    DO(chdir(".."));
}

static void own_proc(void)
{
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

    DO(mount("proc", "proc", "proc", flags, NULL));
    put("proc/sys/net/ipv4/ping_group_range", "0 0");
    DO(mount("sysfs", "sys", "sysfs", flags | MS_RDONLY, NULL));
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++)
        if (!masks[i].hidden) {
            DO(mount(masks[i].path, masks[i].path, NULL, MS_BIND | MS_REC, NULL));
            restrict_to(masks[i].path, 1);
        } else if (masks[i].directory) {
            DO(mount("mask", masks[i].path, "tmpfs", MS_RDONLY, "size=4k"));
        } else {
            DO(mount("/dev/null", masks[i].path, NULL, MS_BIND, NULL));
        }
    mount("cgroup2", "sys/fs/cgroup", "cgroup2", flags | MS_RDONLY, NULL);
}

static void fewer_rights(void)
{
    struct { uint32_t version; int pid; } who = { 0x20080522, 0 };
    struct { uint32_t effective, permitted, inheritable; } set[2] = {
        { (uint32_t)kept, (uint32_t)kept, 0 }, { 0, 0, 0 } };
    struct { unsigned short length; const void *first; } program = {
        sizeof filter / sizeof *filter, filter };

    syscall(SYS_keyctl, 1, NULL);
    DO(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    for (int cap = 0; cap < 64; cap++)
        if (!(kept >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            break;
    DO(syscall(SYS_capset, &who, set));
    DO(syscall(SYS_seccomp, 1, 0, &program));
}

static void child(const char *image, char **argv)
{
    struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
    char *environment[] = { "PATH=/bin", NULL }, byte;

    close(life[1]);
    DO(read(life[0], &byte, 1) - 1);
    own_clocks();
    DO(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    int tree = (int)syscall(428, AT_FDCWD, image, 1 | O_CLOEXEC | 0x8000);
    DO(syscall(SYS_setresgid, 0, 0, 0));
    DO(syscall(SYS_setresuid, 0, 0, 0));
    syscall(SYS_setgroups, 0, NULL); /* refused after "deny" */
    DO(sethostname("box", 3));
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    DO(ioctl(fd, SIOCSIFFLAGS, &lo));
    DO(syscall(429, tree, "", AT_FDCWD, "/tmp", 4));
    DO(chdir("/tmp"));
    restrict_to(".", 4);
    own_dev();
    own_proc();
    DO(syscall(SYS_pivot_root, ".", "."));
    DO(umount2(".", MNT_DETACH));
    DO(chdir("/"));
    fewer_rights();
    DO(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
    struct pollfd gone = { .fd = life[0] };
    DO(-poll(&gone, 1, 0));
    DO(syscall(436, 3, ~0U, 0));
    if (!failed)
        execve(argv[0], argv, environment);
    _exit(125);
}

/* Outside, in case that we are killed and the command does not want to die with us. */
static int guardian(void *unused)
{
    struct pollfd end[] = { { .fd = life[0] }, { .fd = pidfd, .events = POLLIN } };

    close(life[1]);
    poll(end, 2, -1);
    if (!end[1].revents)
        syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    return unused != NULL;
}

static void write_maps(pid_t pid)
{
    char path[64], line[64];
    const char *const files[] = { "uid_map", "gid_map" };

    for (int i = 0; i < 2; i++) {
        if (geteuid() != 0 && i == 1) {
            snprintf(path, sizeof path, "/proc/%d/setgroups", pid);
            put(path, "deny");
        }
        snprintf(path, sizeof path, "/proc/%d/%s", pid, files[i]);
        if (geteuid() == 0)
            snprintf(line, sizeof line, "0 524288 65536");
        else
            snprintf(line, sizeof line, "0 %u 1", i ? getegid() : geteuid());
        put(path, line);
    }
}

int main(int argc, char **argv)
{
    static _Alignas(16) char stack[32768];
    int status;

    if (argc < 3)
        return 125;
    DO(pipe2(life, O_CLOEXEC));
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
        CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | 0x1000 /* CLONE_PIDFD */ | SIGCHLD,
        NULL, &pidfd, NULL, 0);
    if (pid == 0)
        child(argv[1], argv + 2);
    write_maps(pid);
    pid_t other = clone(guardian, stack + sizeof stack, CLONE_VM | SIGCHLD, NULL);
    close(life[0]);
    DO(write(life[1], ".", 1));
    DO(waitpid(pid, &status, 0));
    close(life[1]);
    waitpid(other, NULL, 0);
    return failed || !WIFEXITED(status) ? 125 : WEXITSTATUS(status);
}
