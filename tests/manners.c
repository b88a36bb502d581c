/* manners.c -- what 87-manners.bats needs and a shell cannot do.
 *
 *   manners plain [N]... -- COMMAND...  all signals default, none blocked; numbers N ignored
 *   manners catch             block every signal; print "up", then "got N" for each that comes
 *   manners nag N COMMAND...  COMMAND; till it ends its descendants get signal N, again and again
 *   manners take              become the terminal's foreground job, make it raw, and end with 7
 *   manners front             are we the foreground job of our terminal? front, or behind
 *   manners hostname TEXT     call this machine TEXT, whatever is in it
 *   manners elf32             a 32-bit program for Linux on x86, to stdout: it ends with status 0
 *   manners loader TEXT       a 64-bit program that wants TEXT for its loader, to stdout
 *
 * With -DCGROUPS -shared it is a library for LD_PRELOAD instead: a directory that looks like cgroup
 * v2 (see there).
 *
 * Libc only.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifndef CGROUPS

static int wrong(const char *what)
{
    perror(what);
    return 2;
}

/* ------------------------------------------------------------------------------------- signals */

/* bats starts what runs in the background with SIGINT ignored, as every shell does without job
 * control. Here it is said which signals are ignored. */
static int plain(int argc, char **argv)
{
    sigset_t none;
    int at = 0;

    /* (The two numbers that libc keeps for itself are refused: so be it.) */
    for (int sig = 1; sig <= SIGRTMAX; sig++)
        signal(sig, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (; at < argc && strcmp(argv[at], "--") != 0; at++)
        signal(atoi(argv[at]), SIG_IGN);
    if (at + 1 >= argc)
        return wrong("plain: no command");
    execvp(argv[at + 1], argv + at + 1);
    return wrong(argv[at + 1]);
}

__attribute__((noreturn))
static void catch_all(void)
{
    sigset_t all;
    siginfo_t info;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("up");
    for (;;)
        if (sigwaitinfo(&all, &info) > 0)
            printf("got %d\n", info.si_signo);
}

/* ----------------------------------------------------------------------------------- processes */

/* Signal SIG to the descendants of PID, deepest first (a child of a dead process is nobody's). */
static void signal_below(int pid, int sig)
{
    char path[64], list[4096];
    int fd;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, list, sizeof list - 1);
    if (fd >= 0)
        close(fd);
    list[n > 0 ? n : 0] = '\0';
    for (char *at = list, *end; *at; at = end) {
        int child = (int)strtol(at, &end, 10);
        if (end == at || child <= 0)
            return;
        signal_below(child, sig);
        kill(child, sig);
        end += *end == ' ';
    }
}

static volatile sig_atomic_t enough;

static void stop_it(int sig) { enough = sig; }

/* A signal that comes at any time, and so also at the wrong one. Who ends us (a time limit) ends
 * all of it. */
static int nag(int sig, char **argv)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(argv[0], argv);
        _exit(127);
    }
    signal(SIGTERM, stop_it);
    while (waitpid(child, &status, WNOHANG) == 0)
        signal_below(getpid(), enough ? SIGKILL : sig);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --------------------------------------------------------------------------------- the terminal */

/* A bad guest: it takes the foreground into a process group of its own, turns the terminal's modes
 * off, and leaves both so. */
static int take(void)
{
    int fd = open("/dev/tty", O_RDWR);
    struct termios modes;

    if (fd < 0)
        return wrong("/dev/tty");
    signal(SIGTTOU, SIG_IGN);
    setpgid(0, 0);
    if (tcsetpgrp(fd, getpgrp()) < 0 || tcgetattr(fd, &modes) < 0)
        return wrong("take");
    cfmakeraw(&modes);
    tcsetattr(fd, TCSADRAIN, &modes);
    return 7;
}

static int front(void)
{
    int fd = open("/dev/tty", O_RDWR);

    if (fd < 0)
        return wrong("/dev/tty");
    puts(tcgetpgrp(fd) == getpgrp() ? "front" : "behind");
    return 0;
}

/* ------------------------------------------------------------------------------------- programs */

/* mov eax, 1 (exit); xor ebx, ebx; int 0x80 */
static const unsigned char exit_32[] = { 0xb8, 1, 0, 0, 0, 0x31, 0xdb, 0xcd, 0x80 };

static int elf32(void)
{
    const unsigned base = 0x08048000, size = sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr);
    Elf32_Ehdr head = {
        .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
        .e_type = ET_EXEC, .e_machine = EM_386, .e_version = EV_CURRENT, .e_entry = base + size,
        .e_phoff = sizeof head, .e_ehsize = sizeof head, .e_phentsize = sizeof(Elf32_Phdr),
        .e_phnum = 1,
    };
    Elf32_Phdr part = {
        .p_type = PT_LOAD, .p_vaddr = base, .p_paddr = base,
        .p_filesz = size + (unsigned)sizeof exit_32, .p_memsz = size + (unsigned)sizeof exit_32,
        .p_flags = PF_R | PF_X, .p_align = 4096,
    };

    fwrite(&head, sizeof head, 1, stdout);
    fwrite(&part, sizeof part, 1, stdout);
    fwrite(exit_32, sizeof exit_32, 1, stdout);
    return fflush(stdout) == 0 ? 0 : wrong("stdout");
}

/* It is never run: its loader is not there. */
static int loader(const char *text)
{
    const uint16_t machine =
#if defined __x86_64__
        EM_X86_64;
#elif defined __aarch64__
        EM_AARCH64;
#else
        EM_NONE;
#endif
    Elf64_Ehdr head = {
        .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
        .e_type = ET_EXEC, .e_machine = machine, .e_version = EV_CURRENT, .e_entry = 0x400000,
        .e_phoff = sizeof head, .e_ehsize = sizeof head, .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 2,
    };
    Elf64_Phdr part[2] = {
        { .p_type = PT_INTERP, .p_offset = sizeof head + sizeof part,
          .p_filesz = strlen(text) + 1, .p_memsz = strlen(text) + 1, .p_flags = PF_R },
        { .p_type = PT_LOAD, .p_vaddr = 0x400000, .p_filesz = sizeof head + sizeof part,
          .p_memsz = sizeof head + sizeof part, .p_flags = PF_R | PF_X, .p_align = 4096 },
    };

    fwrite(&head, sizeof head, 1, stdout);
    fwrite(part, sizeof part, 1, stdout);
    fwrite(text, strlen(text) + 1, 1, stdout);
    return fflush(stdout) == 0 ? 0 : wrong("stdout");
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";

    if (strcmp(word, "plain") == 0)
        return plain(argc - 2, argv + 2);
    if (strcmp(word, "catch") == 0)
        catch_all();
    if (strcmp(word, "nag") == 0 && argc > 3)
        return nag(atoi(argv[2]), argv + 3);
    if (strcmp(word, "take") == 0)
        return take();
    if (strcmp(word, "front") == 0)
        return front();
    if (strcmp(word, "hostname") == 0 && argc > 2)
        return sethostname(argv[2], strlen(argv[2])) == 0 ? 0 : wrong("sethostname");
    if (strcmp(word, "elf32") == 0)
        return elf32();
    if (strcmp(word, "loader") == 0 && argc > 2)
        return loader(argv[2]);
    fprintf(stderr, "manners: see the head of manners.c\n");
    return 2;
}

#else /* CGROUPS */

/* A directory of a tmpfs on /sys/fs/cgroup that looks like cgroup v2, as far as a program sees that
 * makes a cgroup, writes its limits, has a child born in it, and removes it: mkdir(2) makes the files,
 * too; rmdir(2) removes them; and clone3(2) is not told of the cgroup, which the kernel would refuse.
 * Nothing is limited. */

#include <dlfcn.h>

static const char tree[] = "/sys/fs/cgroup";
static const char *const files[] = {
    "cgroup.procs", "cgroup.kill", "cgroup.max.descendants", "cgroup.type", "cgroup.events",
    "memory.max", "memory.high", "memory.swap.max", "memory.events", "memory.oom.group",
    "cpu.max", "pids.max", "pids.events",
};
enum { FILES = sizeof files / sizeof *files };

static bool in_tree(const char *path)
{
    return strncmp(path, tree, sizeof tree - 1) == 0;
}

/* The next one of this name: libc's. (C has no cast from an object's address to a function's.) */
static void libc(const char *name, void *function)
{
    void *found = dlsym(RTLD_NEXT, name);

    memcpy(function, &found, sizeof found);
}

int mkdir(const char *path, mode_t mode)
{
    int (*real)(const char *, mode_t);

    libc("mkdir", &real);
    int result = real(path, mode);
    int dir = result == 0 && in_tree(path) ? open(path, O_PATH | O_CLOEXEC) : -1;
    for (int i = 0; dir >= 0 && i < FILES; i++)
        close(openat(dir, files[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    /* What the parent has, its children have. */
    const char *const copied[] = { "cgroup.controllers", "cgroup.subtree_control" };
    for (int i = 0; dir >= 0 && i < 2; i++) {
        char text[256] = "";
        int from = open("/sys/fs/cgroup/cgroup.controllers", O_RDONLY | O_CLOEXEC);
        int to = openat(dir, copied[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        ssize_t n = read(from, text, sizeof text);
        if (n > 0 && write(to, text, (size_t)n) != n)
            abort();
        close(from);
        close(to);
    }
    if (dir >= 0)
        close(dir);
    return result;
}

int rmdir(const char *path)
{
    int (*real)(const char *);
    DIR *dir = in_tree(path) ? opendir(path) : NULL;

    /* As in the real one, a directory below is in the way, and files are not. */
    libc("rmdir", &real);
    for (struct dirent *d; dir && (d = readdir(dir));)
        if (d->d_type == DT_REG)
            unlinkat(dirfd(dir), d->d_name, 0);
    if (dir)
        closedir(dir);
    return real(path);
}

long syscall(long number, ...)
{
    long (*real)(long, ...), a[6];
    va_list list;

    libc("syscall", &real);
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    /* clone3: a[0] leads to a[1] bytes, of which the first are the flags. (With a wrong size it is
     * the question whether there is such a call.) CLONE_INTO_CGROUP is 1 << 33. */
    uint64_t args[32] = { 0 };
    if (number == 435 && a[1] >= 64 && (size_t)a[1] <= sizeof args) {
        memcpy(args, (void *)a[0], (size_t)a[1]);
        args[0] &= ~(UINT64_C(1) << 33);
        a[0] = (long)args;
    }
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

#endif
