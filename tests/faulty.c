/* faulty.c -- a program that takes each failure badly, for the test of the injector
 *
 * It begins as minicontainer does, with fcntl(0, F_GETFD), and then makes some calls. Each of them,
 * when it fails, leads to another bad end; which, stands beside it. Without a fault it says "fine".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void say(const char *words)
{
    if (write(2, words, __builtin_strlen(words)) < 0)
        _exit(99);
}

int main(void)
{
    struct rlimit limit;

    if (fcntl(0, F_GETFD) < 0)
        return 99;
    while (syscall(SYS_chdir, ".") < 0) /* hung */
        pause();
    if (getpgid(0) < 0 && fork() == 0) /* left: a process */
        for (;;)
            pause();
    if (syscall(SYS_mkdirat, AT_FDCWD, "there", 0755) < 0 || rmdir("there") < 0)
        close(open("left behind", O_CREAT | O_WRONLY, 0644)); /* left: a file */
    if (syscall(SYS_faccessat, AT_FDCWD, "/", F_OK) < 0) { /* silent */
        puts("not fine");
        return 0;
    }
    if (sched_yield() < 0) /* mute */
        return 125;
    if (syscall(SYS_getpriority, PRIO_PROCESS, 0) < 0) { /* vague */
        say("minicontainer: something is wrong\n");
        return 125;
    }
    if (setpriority(PRIO_PROCESS, 0, 0) < 0) { /* odd */
        say("minicontainer: setpriority failed\n");
        return 3;
    }
    if (syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) < 0) { /* failed, as it should */
        say("minicontainer: prlimit64 failed\n");
        return 125;
    }
    getsid(0); /* survived */
    puts("fine");
    return 0;
}
