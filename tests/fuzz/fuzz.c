/* fuzz.c -- whatever in minicontainer.c reads text, fed with what nobody would write.
 *
 *     FUZZ_TARGET=NAME ./fuzz DIRECTORY       (made and started by tests/fuzz.bash)
 *
 * clang's libFuzzer calls LLVMFuzzerTestOneInput() with bytes that it makes up, some thousand times
 * a second, and keeps those that reach new code. ASan and UBSan end the program at the first access
 * that is not allowed. The program is included here as it is. Only its calls to the kernel are
 * replaced: each answers "done" and does nothing, files hold what the fuzzer says, and where the
 * program would end, or become two, we jump back for the next input.
 *
 * Beside what the sanitizers see, these must hold; each ends the fuzzer by must():
 *     - a set of rows that was accepted keeps the four rules;
 *     - a volume's destination is looked up below the new root, never by "..", never through a
 *       link, and what is made for it is made by plain names;
 *     - what is given to a shell is words of letters and digits;
 *     - one line of ours is one write(2), with one newline, at its end, and no other control
 *       character;
 *     - a text is not read past its end, nor after its room was used again.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <ifaddrs.h>
#include <limits.h>
#include <mntent.h>
#include <net/if.h>
#include <poll.h>
#include <pwd.h>
#include <regex.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <sanitizer/asan_interface.h>

/* ------------------------------------------------------------------ one input */

/* The first byte says what the world is like, the rest is what is read in it. */
enum { PRIVILEGED = 1, ROOT_USER = 2, TERMINAL = 4, NO_FILES = 8, NO_DIRS = 16, LONG = 32 };
enum { LONG_SIZE = 20000 }; /* a LONG file goes on with x, to this size */
static unsigned world;
static const char *bytes; /* with a zero byte behind them, which does not count */
static size_t size;
static bool own_files;    /* every file that is read holds these bytes */
static jmp_buf next_input;

static void must(bool so, const char *what)
{
    if (!so) {
        fprintf(stderr, "fuzz: this must hold: %s\n", what);
        abort();
    }
}

/* What was accepted once, is taken again: here nothing may be refused. */
static bool no_end;

__attribute__((noreturn))
static void done(void)
{
    must(!no_end, "what was accepted is not refused");
    longjmp(next_input, 1);
}

/* Memory of one input, given back after it. The program frees nothing: it ends. */
static void *blocks[4096];
static size_t blocks_used;

static void *keep(void *block)
{
    if (blocks_used == sizeof blocks / sizeof *blocks || !block) {
        no_end = false;
        done();
    }
    return blocks[blocks_used++] = block;
}

/* ------------------------------------------------------------------ the ring of texts
 *
 * The program keeps its texts in a ring of 64 KB, where ASan can see nothing. Here each has a block
 * of its own, which ends where the text ends, and is given back when the ring would have been used
 * again. text() is the one place that calls vsnprintf(3), and asks for the length after it: there
 * OUT, where it writes, becomes the block.
 */
enum { TEXT_ROOM = 8192, RING = 65536 - TEXT_ROOM };
static struct { char *at; size_t length; } texts[65536];
static size_t oldest, newest, in_ring; /* texts[oldest] .. texts[newest - 1] */

static char *new_text(void)
{
    if (newest == sizeof texts / sizeof *texts) {
        no_end = false;
        done();
    }
    char *at = malloc(TEXT_ROOM);
    must(at != NULL, "memory");
    texts[newest].at = at;
    texts[newest++].length = 0;
    *at = '\0';
    return at;
}

static size_t length_of(const char *text)
{
    size_t length = strlen(text);

    if (newest && text == texts[newest - 1].at && texts[newest - 1].length == 0) {
        ASAN_POISON_MEMORY_REGION(text + length + 1, TEXT_ROOM - length - 1);
        texts[newest - 1].length = length + 1;
        in_ring += length + 1;
    }
    for (; in_ring > RING; oldest++) {
        in_ring -= texts[oldest].length;
        free(texts[oldest].at);
    }
    return length;
}

/* ------------------------------------------------------------------ the kernel */

static struct { const char *data; size_t size, at; } files[32];
static unsigned files_used;
enum { FIRST_FILE = 100, FILES = 32 };

static long nothing(int first, ...)
{
    (void)first;
    return 0;
}

/* What a machine's own files say, where they are not the question. */
static const char *usual(const char *path)
{
    static const struct { const char *part, *says; } known[] = {
        { "uid_map", "0 0 4294967295\n" }, { "gid_map", "0 0 4294967295\n" },
        { "cgroup", "0::/user.slice/shell.scope\n" }, { "comm", "lab\n" },
        { "children", "4712 " },
        { "status", "Name:\tlab\nUid:\t0\t0\t0\t0\nNSpid:\t4711\t1\nCapEff:\t0\nSeccomp:\t0\n" },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strstr(path, known[i].part))
            return known[i].says;
    return "1\n";
}

static int fuzz_open(const char *path, int flags, ...)
{
    unsigned file = files_used++ % FILES;

    if (world & NO_FILES && !own_files) {
        errno = strlen(path) % 2 ? ENOENT : EACCES;
        return -1;
    }
    files[file].data = own_files ? bytes : usual(path);
    files[file].size = own_files ? size : strlen(files[file].data);
    files[file].at = 0;
    (void)flags;
    return FIRST_FILE + (int)file;
}

static ssize_t fuzz_pread(int fd, void *to, size_t n, off_t at)
{
    unsigned file = (unsigned)(fd - FIRST_FILE);

    if (file >= FILES || !files[file].data || at < 0) {
        errno = EINVAL;
        return file >= FILES ? 0 : -1;
    }
    size_t there = files[file].size, got = 0;
    size_t end = own_files && world & LONG ? LONG_SIZE : there;
    for (size_t i = (size_t)at; got < n && i < end; i++)
        ((char *)to)[got++] = i < there ? files[file].data[i] : 'x';
    return (ssize_t)got;
}

static ssize_t fuzz_read(int fd, void *to, size_t n)
{
    unsigned file = (unsigned)(fd - FIRST_FILE);
    ssize_t got = file < FILES ? fuzz_pread(fd, to, n, (off_t)files[file].at) : 0;

    if (got > 0)
        files[file].at += (size_t)got;
    return got;
}

static FILE *opened_stream; /* the program ends, and closes none; none opens two */

static FILE *fuzz_fopen(const char *path, const char *mode)
{
    const char *data = own_files ? bytes : usual(path);

    (void)mode;
    if (world & NO_FILES && !own_files)
        return NULL;
    if (!opened_stream)
        opened_stream = fmemopen((char *)data, own_files ? size : strlen(data), "r");
    return opened_stream;
}

static ssize_t fuzz_getdelim(char **line, size_t *n, int end, FILE *from)
{
    ssize_t got = getdelim(line, n, end, from);

    if (*line)
        keep(*line);
    return got;
}

/* All of it is read: a text without an end is seen here. Bytes from 0x80 to 0x9f are orders to a
 * terminal, too, unless they are the rest of a letter of UTF-8. */
static ssize_t fuzz_write(int fd, const void *data, size_t n)
{
    const unsigned char *p = data;
    unsigned char last = 0;

    if (fd != 2)
        return (ssize_t)n;
    must(n > 0 && p[n - 1] == '\n', "a line ends");
    for (size_t i = 0; i + 1 < n; last = p[i++]) {
        bool high = p[i] >= 0x80 && p[i] < 0xa0;
        must(p[i] != '\n', "one line is one write(2)");
        must(p[i] >= ' ' && p[i] != 127, "no control character");
        must(!high || (last >= 0x80 && last != 0xc2), "none of those above 127");
    }
    return (ssize_t)n;
}

static int fuzz_fputs(const char *line, FILE *to)
{
    return (int)fuzz_write(to == stderr ? 2 : 1, line, strlen(line));
}

/* What is made for a volume has a plain name, in the directory where we stand. */
static bool plain;

static int fuzz_make(const char *name)
{
    must(!plain || (*name && !strchr(name, '/') && strcmp(name, "..") != 0), "made by a plain name");
    return 0;
}

static int fuzz_stat(int result, struct stat *st)
{
    memset(st, 0, sizeof *st);
    st->st_ino = 4026531840;
    st->st_mode = world & NO_DIRS ? S_IFREG : S_IFDIR;
    errno = ENOENT;
    return result < 0 || (world & NO_FILES && !own_files) ? -1 : 0;
}

static int fuzz_access(const char *path, int how)
{
    (void)how;
    errno = ENOENT;
    return world & NO_FILES || strlen(path) > 200 ? -1 : 0;
}

/* A file that cannot be executed. */
static int fuzz_execv(void)
{
    errno = world & NO_DIRS ? EACCES : world & LONG ? ENOEXEC : ENOENT;
    return -1;
}

/* A terminal is a narrow one. */
static int fuzz_ioctl(int fd, unsigned long what, ...)
{
    va_list args;

    (void)fd;
    va_start(args, what);
    if (what == TIOCGWINSZ && world & TERMINAL)
        va_arg(args, struct winsize *)->ws_col = 50;
    va_end(args);
    return 0;
}

static ssize_t fuzz_readlink(const char *path, char *to, size_t n)
{
    (void)path;
    must(n > 16, "room for a path");
    strcpy(to, "/x/minicontainer");
    return 16;
}

/* A child is made to run a line of ours in a shell: of that, the line is looked at. */
static bool for_shell;

static int fuzz_fork(void)
{
    if (!for_shell)
        done();
    return 0;
}

static int fuzz_execl(const char *line)
{
    for (; *line; line++)
        must(isalnum((unsigned char)*line) || *line == ' ', "a shell gets plain words");
    done();
}

static int fuzz_glob(const char *pattern, int flags, int (*error)(const char *, int), glob_t *found)
{
    static char process[] = "/proc/4711", interface[] = "/sys/class/net/lo";
    static char *list[] = { NULL, NULL };

    (void)flags, (void)error;
    list[0] = strstr(pattern, "net") ? interface : process;
    found->gl_pathc = 1;
    found->gl_pathv = list;
    return 0;
}

/* Each directory has these: cgroups of ours, and what is none. */
static int fuzz_scandir(struct dirent ***list)
{
    static struct dirent entry[] = {
        { .d_name = "." }, { .d_name = "minicontainer-4712" }, { .d_name = "minicontainer-x" } };
    static struct dirent *all[] = { &entry[0], &entry[1], &entry[2] };

    *list = all;
    return 3;
}

static int fuzz_getifaddrs(struct ifaddrs **list)
{
    static char name[IFNAMSIZ] = "lo:0";
    static struct sockaddr_in address = { .sin_family = AF_INET };
    static struct ifaddrs one = { .ifa_name = name, .ifa_addr = (struct sockaddr *)&address };

    *list = &one;
    return 0;
}

/* This kernel knows 41 capabilities. */
static int fuzz_prctl(int what, ...)
{
    va_list args;

    va_start(args, what);
    bool known = what != PR_CAPBSET_READ || va_arg(args, int) < 41;
    va_end(args);
    errno = EINVAL;
    return known ? 0 : -1;
}

/* We are the sealed copy already. */
static int fuzz_fcntl(int fd, int what, ...)
{
    (void)fd;
    return what == F_GET_SEALS ? F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL : 0;
}

/* Whoever waits for news gets what comes on standard input: its end. */
static int fuzz_poll(struct pollfd *news, nfds_t n, int timeout)
{
    (void)timeout;
    for (nfds_t i = 0; i < n; i++)
        news[i].revents = news[i].fd == 0 ? POLLIN : 0;
    return 1;
}

/* Who ends others until there are none has an end himself. */
static unsigned kills;

static int fuzz_kill(void)
{
    errno = ESRCH;
    return ++kills < 8 ? 0 : -1;
}

static int fuzz_vasprintf(char **out, const char *fmt, va_list args)
{
    int n = vasprintf(out, fmt, args);

    keep(*out);
    return n;
}

/* For the program, freed is never too early: its blocks are given back after the input. */
static void *fuzz_realloc(void *block, size_t room)
{
    if (!block)
        return keep(malloc(room));
    for (size_t i = 0; i < blocks_used; i++)
        if (blocks[i] == block)
            return (blocks[i] = realloc(block, room));
    must(false, "what is made larger was from malloc(3)");
    return NULL;
}

/* Of openat2(2): how the program looks up what may be a stranger's. */
struct how { uint64_t flags, mode, resolve; };

static long fuzz_openat2(const char *path, const struct how *how)
{
    static unsigned turn;

    must(how->resolve == 0x14, "below the new root, and through no link");
    must(*path && !strstr(path, "/../") && strncmp(path, "../", 3) != 0, "no way up");
    errno = turn++ % 4 ? ENOENT : ELOOP;
    return turn % 8 < 4 ? FIRST_FILE : -1;
}

/* capget(2) is asked whether we are privileged; a clone ends the part that reads. */
static long fuzz_syscall(long number, ...)
{
    va_list args;
    long result = 0;

    if (number == SYS_clone || number == SYS_clone3)
        done();
    va_start(args, number);
    if (number == SYS_capget) {
        (void)va_arg(args, void *);
        memset(va_arg(args, void *), world & PRIVILEGED ? 0xff : 0, 24);
    } else if (number == SYS_rt_sigaction) {
        (void)va_arg(args, int);
        (void)va_arg(args, void *);
        void *action = va_arg(args, void *);
        if (action)
            memset(action, 0, 32);
    } else if (number == SYS_signalfd4) {
        result = FIRST_FILE + FILES; /* no file: it never has news */
    } else if (number == 437) {
        (void)va_arg(args, int);
        const char *path = va_arg(args, const char *);
        result = fuzz_openat2(path, va_arg(args, const struct how *));
    }
    va_end(args);
    return result;
}

/* ------------------------------------------------------------------ the program */

#define main minicontainer
#define vsnprintf(to, n, fmt, args) ((to) = new_text(), vsnprintf(to, n, fmt, args))
#define strlen(text) length_of(text)
#define calloc(n, each) keep(calloc(n, each))
#define malloc(n) keep(malloc(n))
#define realpath(path, out) keep(realpath(path, out))
#define strdup(text) keep(strdup(text))
#define getcwd(path, n) ((n) > 0 ? getcwd(path, n) : (char *)keep(getcwd(NULL, 0)))
#define vasprintf(out, fmt, args) fuzz_vasprintf(out, fmt, args)
#define strndup(text, n) keep(strndup(text, n))
#define realloc(block, n) fuzz_realloc(block, n)
#define free(block) ((void)(block))
#define mmap(at, n, ...) calloc(1, n)

#define _exit(status) done()
#define fork() fuzz_fork()
#define execl(path, name, option, line, end) fuzz_execl(line)
#define popen(...) (done(), (FILE *)NULL)
#define fexecve(...) (done(), 0)
#define execvp(...) done()
#define execv(...) fuzz_execv()
#define fputs(...) fuzz_fputs(__VA_ARGS__)
#define pause() done()

#define open(...) fuzz_open(__VA_ARGS__)
#define openat(at, ...) fuzz_open(__VA_ARGS__)
#define creat(...) fuzz_open(__VA_ARGS__)
#define read(...) fuzz_read(__VA_ARGS__)
#define pread(...) fuzz_pread(__VA_ARGS__)
#define write(...) fuzz_write(__VA_ARGS__)
#define getdelim(line, n, end, from) fuzz_getdelim(line, n, end, from)
#define fopen(...) fuzz_fopen(__VA_ARGS__)
#define setmntent(...) fuzz_fopen(__VA_ARGS__)
#define syscall(...) fuzz_syscall(__VA_ARGS__)
#define glob(...) fuzz_glob(__VA_ARGS__)
#define globfree(...) ((void)0)
#define scandir(path, list, ...) fuzz_scandir(list)
#define getifaddrs(...) fuzz_getifaddrs(__VA_ARGS__)
#define freeifaddrs(...) ((void)0)
#define readlink(...) fuzz_readlink(__VA_ARGS__)
#define readlinkat(...) (-1)
#define access(...) fuzz_access(__VA_ARGS__)
#define faccessat(...) nothing(0, __VA_ARGS__)
#define stat(path, st) fuzz_stat(0, st)
#define lstat(path, st) fuzz_stat(0, st)
#define fstatat(at, path, st, how) fuzz_stat(0, st)
#define fstat(fd, st) fuzz_stat(fd, st)
#define isatty(fd) ((world & TERMINAL) != 0)
#define ttyname(fd) NULL
#define geteuid() (world & ROOT_USER ? 0u : 1000u)
#define getuid() geteuid()

#define bind(...) nothing(0, __VA_ARGS__)
#define chdir(...) nothing(0, __VA_ARGS__)
#define chmod(...) nothing(0, __VA_ARGS__)
#define chown(...) nothing(0, __VA_ARGS__)
#define chroot(...) nothing(0, __VA_ARGS__)
#define close(...) nothing(0, __VA_ARGS__)
#define dprintf(...) nothing(0, __VA_ARGS__)
#define dup(...) nothing(0, __VA_ARGS__)
#define dup2(...) nothing(0, __VA_ARGS__)
#define fchdir(...) nothing(0, __VA_ARGS__)
#define fchmod(...) nothing(0, __VA_ARGS__)
#define fchown(...) nothing(0, __VA_ARGS__)
#define fcntl(...) fuzz_fcntl(__VA_ARGS__)
#define flock(...) nothing(0, __VA_ARGS__)
#define ftruncate(...) nothing(0, __VA_ARGS__)
#define ioctl(...) fuzz_ioctl(__VA_ARGS__)
#define kill(...) fuzz_kill()
#define link(...) nothing(0, __VA_ARGS__)
#define listen(...) nothing(0, __VA_ARGS__)
#define memfd_create(...) nothing(0, __VA_ARGS__)
#define mkdir(name, mode) fuzz_make(name)
#define mknod(name, ...) fuzz_make(name)
#define mount(...) nothing(0, __VA_ARGS__)
#define msgget(...) nothing(0, __VA_ARGS__)
#define msgsnd(...) nothing(0, __VA_ARGS__)
#define nanosleep(...) nothing(0, __VA_ARGS__)
#define pipe2(...) nothing(0, __VA_ARGS__)
#define poll(...) fuzz_poll(__VA_ARGS__)
#define prctl(...) fuzz_prctl(__VA_ARGS__)
#define rename(...) nothing(0, __VA_ARGS__)
#define rmdir(...) nothing(0, __VA_ARGS__)
#define sendfile(...) nothing(0, __VA_ARGS__)
#define setgroups(...) nothing(0, __VA_ARGS__)
#define sethostname(...) nothing(0, __VA_ARGS__)
#define setns(...) nothing(0, __VA_ARGS__)
#define setresgid(...) nothing(0, __VA_ARGS__)
#define setresuid(...) nothing(0, __VA_ARGS__)
#define setpgid(...) nothing(0, __VA_ARGS__)
#define setrlimit(...) nothing(0, __VA_ARGS__)
#define setsid(...) nothing(0, 0)
#define sigaction(...) nothing(0, __VA_ARGS__)
#define signal(...) nothing(0, __VA_ARGS__)
#define sigprocmask(...) nothing(0, __VA_ARGS__)
#define socket(...) nothing(0, __VA_ARGS__)
#define symlink(...) nothing(0, __VA_ARGS__)
#define tcgetattr(...) nothing(0, __VA_ARGS__)
#define tcgetpgrp(...) nothing(0, __VA_ARGS__)
#define tcsetattr(...) nothing(0, __VA_ARGS__)
#define tcsetpgrp(...) nothing(0, __VA_ARGS__)
#define umask(...) nothing(0, __VA_ARGS__)
#define umount2(...) nothing(0, __VA_ARGS__)
#define unlink(...) nothing(0, __VA_ARGS__)
#define fclose(...) nothing(0, __VA_ARGS__) /* forget() does it */
#define unlinkat(...) nothing(0, __VA_ARGS__)
#define unshare(...) nothing(0, __VA_ARGS__)
#define waitpid(...) nothing(0, __VA_ARGS__)

#include "../../minicontainer.c"

#undef main
#undef strlen
#undef malloc
#undef fclose
#undef calloc
#undef free
#undef _exit
#undef open
#undef unshare
#undef setresuid
#undef setresgid
#undef setgroups
#undef fcntl
#undef dup2
#undef stat

/* ------------------------------------------------------------------ what is fuzzed */

/* The bytes as the words of a command line, cut at zero bytes and newlines, as they lie in the
 * memory of a process: one behind the other. */
static int words(const char *before, char **argv, int most)
{
    size_t head = strlen(before) + 1;
    char *all = keep(malloc(head + size + 1));
    int argc = 0;

    memcpy(all, before, head);
    memcpy(all + head, bytes, size + 1);
    for (char *p = all; p <= all + head + size && argc < most; p += strlen(p) + 1) {
        p[strcspn(p, "\n")] = '\0';
        argv[argc++] = p;
    }
    argv[argc] = NULL;
    return argc;
}

/* The whole program, to the point where it would make a process. */
static void fuzz_words(void)
{
    char *argv[66];
    int argc = words("minicontainer", argv, 64);

    minicontainer(argc, argv);
}

static bool has_row(const struct container *c, const char *name)
{
    for (int row = 0; row < ROWS; row++)
        if (strcmp(isolations[row].name, name) == 0)
            return on(c, row);
    return false;
}

/* A size or a number as Docker writes it: 50m, 0.5, 100. */
static bool is_limit(int which, const char *said)
{
    size_t whole = strspn(said, "0123456789"), dot = said[whole] == '.';
    const char *unit = said + whole + dot + (dot ? strspn(said + whole + 1, "0123456789") : 0);

    if (which == MEMORY && *unit && strchr("bkmgBKMG", *unit))
        unit++;
    return isdigit((unsigned char)said[whole ? 0 : dot]) && !*unit && !(which == PIDS && dot);
}

/* What was accepted keeps the rules; written down again here. Two rows are free for everybody: a
 * filter and a limit are no namespaces. */
static void check_request(const struct request *r)
{
    const struct container *c = &r->c;
    bits need = c->rows;

    for (int row = 0; row < ROWS; row++)
        if (strcmp(isolations[row].name, "seccomp") == 0 ||
            strcmp(isolations[row].name, "limits") == 0)
            need &= ~BIT(row);
    must(!has_row(c, "proc") || has_row(c, "mnt"), "proc needs mnt");
    must(!has_row(c, "root") || has_row(c, "mnt"), "root needs mnt");
    must(!has_row(c, "proc") || !has_row(c, "user") || has_row(c, "pid"), "proc of user needs pid");
    must(need == 0 || world & PRIVILEGED || has_row(c, "user"), "only user is free");
    must((r->named & ~c->rows) == 0, "what was named is on");
    must((r->denied & c->rows) == 0, "what was denied is off");
    must(c->maps >= 0 && c->maps <= 8 && (c->maps == 0 || c->map[0].inside == 0), "the map");
    for (int i = 0; i < c->maps; i++)
        must(c->map[i].count > 0, "a map of somebody");
    for (int i = 0; i < c->volumes; i++) {
        const char *dst = c->volume[i].dst;
        must(*dst == '/' && dst[strspn(dst, "/")], "a volume is not /");
        must(*c->volume[i].src, "a volume has a source");
        must(has_row(c, "mnt"), "a volume needs mnt");
    }
    for (int i = 0; i < r->envs; i++)
        must(strchr(c->env[i], '=') > c->env[i], "NAME=VALUE");
    for (int i = 0; i < LIMIT_COUNT; i++) {
        const char *value = c->limit[i] ? limit_value(i, c->limit[i]) : "1";
        must(!c->limit[i] || is_limit(i, c->limit[i]), "a limit is written as Docker does it");
        must(value && *value != '0' && isdigit((unsigned char)*value), "a limit is a number");
        must(strspn(value, "0123456789 ") == strlen(value), "a limit is digits");
    }
    must(strlen(c->hostname) >= 1 && strlen(c->hostname) <= 64, "a name's length");
}

static void fuzz_options(void)
{
    char *argv[66];
    int argc = words("run", argv, 64);
    struct request r = request_of(NULL, argv + 1);

    must(r.word >= argv + 1 && r.word <= argv + argc, "the command is one of the words");
    settle(&r);
    check_request(&r);
    must(r.c.init || (has_row(&r.c, "pid") && !r.init), "an init, or a PID 1 that is the command");
}

/* The value of one option, whichever there are: sizes, numbers, names, lists, paths. */
static void fuzz_values(void)
{
    size_t which = size ? (unsigned char)*bytes % LENGTH(options) : 0;
    char *argv[] = { (char *)"minicontainer", (char *)"run", NULL, NULL };
    const char *words = options[which].words;

    if (size < 1 || !options[which].wants)
        return;
    argv[2] = text("%.*s=%s", (int)strcspn(words, " "), words, bytes + 1);
    struct request r = request_of(NULL, argv + 2);
    settle(&r);
    check_request(&r);
    cmd_run(argv + 1);
}

/* A volume: its two paths, and then the way down to its destination. */
static void fuzz_volume(void)
{
    char *argv[] = { (char *)"-v", (char *)bytes, NULL };
    struct request r = request_of(NULL, argv);

    r.c.rows = ALL_ROWS;
    check_request(&r);
    plain = true;
    attach_volumes(&r.c);
}

/* Maps, a line each, and what is written of them: into the file, or for newuidmap. */
static void fuzz_map(void)
{
    char *copy = keep(malloc(size + 1)), *save, *argv[66];
    int argc = 0;

    memcpy(copy, bytes, size + 1);
    for (char *line = strtok_r(copy, "\n", &save); line && argc < 64;
         line = strtok_r(NULL, "\n", &save)) {
        argv[argc++] = (char *)"--map";
        argv[argc++] = line;
    }
    argv[argc] = NULL;
    struct request r = request_of(NULL, argv);
    r.c.rows = ALL_ROWS;
    default_map(&r.c);
    must(r.c.maps >= 1 && r.c.maps <= 8, "one to eight maps");
    narrator.explain = true;
    for_shell = true;
    r.c.pid = 4711;
    map_user(&r.c);
}

/* Every file of /proc says this. The first byte: whose question it answers. */
static void fuzz_proc(void)
{
    unsigned which = size ? (unsigned char)*bytes : 0;
    struct container c = preset;

    own_files = true;
    bytes += size > 0;
    size -= size > 0;
    c.rows = ALL_ROWS;
    if (which < ROWS) {
        isolations[which].look();
        look_at((int)which);
    } else if (which == 32) {
        root_of_machine();
        default_map(&c);
    } else if (which == 33) {
        for (int i = 0; i < 3; i++)
            typed_ctrl_c(4711);
    } else if (which == 34) {
        container_of(4711, 2);
    } else if (which == 35) {
        c.age = 864000;
        enter_time(&c);
    } else if (which == 36) {
        find_lab();
    } else if (which == 38) {
        c.limit[MEMORY] = "50m";
        find_home(&c);
        say_what_limits_did(&c);
    } else if (which == 39) {
        c.rows = 0;
        open_children(&c);
        end_orphans(&c);
    } else if (which == 40) {
        enter(&c, 4711, FIRST_FILE, other_namespaces(4711));
    } else if (which == 37) {
        for (size_t i = 0; i < LENGTH(cures); i++) {
            match(bytes, cures[i][SAID]);
            if (cures[i][WHERE])
                match(slurp(cures[i][WHERE]), cures[i][HOLDS]);
        }
        errno = EPERM;
        failed("mount(bytes)", bytes, 1000);
    } else {
        own_cgroup("self");
        status_bits(slurp(SELF), "SigCgt:");
        lines("/proc/mounts");
        has_range("/etc/subuid", "%*[^:]:%lu:%lu");
    }
}

/* A file that execve(2) has refused. */
static void fuzz_exec(void)
{
    struct container c = preset;
    char *argv[] = { (char *)"name", (char *)bytes, NULL };

    own_files = true;
    c.argv = argv;
    explain_exec(&c, world & TERMINAL ? "/a/file" : "file");
}

/* A name that the source is asked for. */
static void fuzz_source(void)
{
    const char *end = NULL, *from = find_source(bytes, &end);

    must(!from || (from >= own_source && end > from && end <= own_source_end),
         "what is found lies in the source");
}

/* What a command has said, in two columns; and a long line on a narrow screen. */
static void fuzz_screen(void)
{
    const char *half = memchr(bytes, '|', size);

    beside(bytes, half ? half + 1 : "right");
    column(bytes, 25);
    write_line("minicontainer: ", bytes);
    narrator.explain = true;
    say("%s", bytes);
    if (size % 64 == 0) /* it is long, and always the same */
        cmd_source((char *[]){ (char *)"source", NULL });
}

/* Is it JSON, and nothing behind it? Then all that reads and writes it must cope, and what it
 * writes must be JSON again. */
static bool is_json(const char *json)
{
    const char *end = after(json);

    return end && !*blanks(end);
}

static void fuzz_json(void)
{
    static const char *const paths[] = { "", "0", "manifests", "manifests/0", "config", "config/Env",
        "layers/1/digest", "rootfs/diff_ids/0", "config/User", "a", "a/0/a", "history/0" };
    const char *json = blanks(bytes);
    char *said = says(longer("[%s]", quoted(bytes)), "0");

    must(strcmp(said, bytes) == 0, "what is quoted says the same");
    for (size_t i = 1; i < LENGTH(paths); i++) { /* of what is no JSON, too */
        const char *value = get(json, paths[i]);
        must(!value || after(value), "a value that is found has an end");
        says(json, paths[i]);
        words_in(value, NULL);
    }
    if (!is_json(json))
        return;
    for (size_t i = 0; i < LENGTH(paths); i++) {
        const char *value = get(json, paths[i]);
        if (!value)
            continue;
        must(is_json(raw(value)), "a value is JSON by itself");
        if (*value != '{' && *value != '[')
            continue;
        bool object = *value == '{';
        int before = object ? 0 : how_many(value);
        const char *new = with(json, value, object ? "a" : NULL, "[7]");
        must(is_json(new), "what was written is JSON");
        value = get(new, paths[i]);
        must(value && is_json(raw(value)), "it is where it was");
        if (object)
            must(*paths[i] == 'a' || strcmp(raw(get(value, "a")), "[7]") == 0, "the key has the value");
        else
            must(how_many(value) == before + 1, "the array has one more");
    }
}

/* A recipe: what is refused is refused; of each step that is left, all that reads its words. */
static void fuzz_recipe(void)
{
    own_files = true;
    build.count = 0;
    build.file = "Dockerfile";
    build.context = "/nosuch";
    store = "/";
    build.image.config = "{\"config\":{}}";
    read_recipe();
    must(build.count > 0, "there are steps");
    for (struct step *s = build.steps; s < build.steps + build.count; s++) {
        must(*s->rest && s->line >= 1, "a step has words, and a line");
        must(is_json(command_of(s)), "a command is JSON");
        split(s->rest);
        if (s->is->key)
            set_config(s->is->key, s->is->value ? s->is->value(s) : quoted(s->rest));
        must(is_json(build.image.config), "the configuration is JSON");
    }
    for (struct step *s = build.steps; s < build.steps + build.count; s++)
        if (s->is->job == copy_job)
            add_sources_to_key(s);
}

/* A compose file: what is refused is refused; of the rest, all services are in the order, each behind
 * those that it waits for, and its words are a line of run that a shell reads back. */
static void fuzz_compose(void)
{
    own_files = true;
    memset(&compose, 0, sizeof compose);
    memset(services, 0, sizeof services);
    compose.file = "compose.yaml";
    compose.up = world & TERMINAL;
    in_compose = true;
    store = "/";
    read_file();
    check_file();
    must(compose.ordered == compose.services, "each service has its place");
    for (struct item *i = items; i < items + compose.items; i++)
        for (int n = 0; n < compose.ordered && strcmp(i->key->key, "depends_on") == 0; n++) {
            must(ordered[n] != i->of, "it comes after what it waits for");
            if (strcmp(ordered[n]->name, i->value) == 0)
                break;
        }
    for (int n = 0; n < compose.ordered; n++) {
        char **words = words_of(ordered[n]);
        must(strcmp(words[0], "run") == 0, "a line of run");
        for (char **word = words; *word; word++) {
            const char *line = shell_word(*word), *end = strchr(line, '\0');
            must(!strpbrk(line, "\n\r\t\033"), "no control character");
            if (strcmp(*word, "--image") == 0)
                word[1] = "./image"; /* which there are, only run knows */
            if (*line != '\'') {
                must(strcmp(line, *word) == 0, "a plain word");
                continue;
            }
            must(end > line + 1 && end[-1] == '\'', "in quotes");
            size_t quotes = 0, own = 0;
            for (const char *p = line; *p; p++)
                quotes += *p == '\'';
            for (const char *p = *word; *p; p++)
                own += *p == '\'';
            must(quotes == 2 + 3 * own, "each quote of its own is '\\''");
        }
        world &= ~NO_FILES; /* by then those with the names are there */
        no_end = true;
        struct request r = request_of(NULL, words + 1);
        no_end = false;
        must(strcmp(r.word[-1], "--") == 0, "the command is behind the --");
    }
}

static const struct { const char *name; void (*fuzz)(void); } targets[] = {
    { "words", fuzz_words },     { "options", fuzz_options }, { "values", fuzz_values },
    { "volume", fuzz_volume },   { "map", fuzz_map },         { "proc", fuzz_proc },
    { "exec", fuzz_exec },       { "source", fuzz_source },   { "screen", fuzz_screen },
    { "json", fuzz_json },       { "recipe", fuzz_recipe },  { "compose", fuzz_compose },
};

/* ------------------------------------------------------------------ libFuzzer */

static void (*target)(void);
static double cpu_limit; /* seconds of CPU time; 0: none */

static void once(void)
{
    if (setjmp(next_input) == 0)
        target();
}

static void forget(void)
{
    for (; blocks_used; blocks_used--)
        free(blocks[blocks_used - 1]);
    for (; oldest < newest; oldest++)
        free(texts[oldest].at);
    oldest = newest = in_ring = files_used = kills = 0;
    memset(&narrator, 0, sizeof narrator);
    narrator.who = "parent";
    narrator.head = "minicontainer: ";
    if (opened_stream)
        fclose(opened_stream);
    opened_stream = NULL;
    own_files = plain = for_shell = in_compose = false;
    memset(opened, 0, sizeof opened);
    entrypoint = NULL; /* it was among the blocks */
    making = true;
    fflush(stdout);
}

/* The time is up: say what was done, and go past libFuzzer, for whom an exit is a finding. */
static void look_at_clock(void)
{
    static unsigned long runs;
    struct timespec t;

    if (++runs % 64 != 0 || cpu_limit <= 0)
        return;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    if ((double)t.tv_sec + (double)t.tv_nsec / 1e9 < cpu_limit)
        return;
    fprintf(stderr, "fuzz: %lu inputs in %ld s of CPU time\n", runs, (long)t.tv_sec);
    (_exit)(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    char *copy = malloc(length + 1);

    if (!copy || length == 0) {
        free(copy);
        return 0;
    }
    world = data[0];
    memcpy(copy, data + 1, length - 1);
    copy[length - 1] = '\0';
    bytes = copy;
    size = length - 1;
    once();
    forget();
    free(copy);
    look_at_clock();
    return 0;
}

/* Words for libFuzzer to put together, out of the program's tables: a line each, for -dict. */
static void print_dictionary(void)
{
    for (size_t i = 0; i < LENGTH(options); i++) {
        int n = (int)strcspn(options[i].words, " ");
        printf("\"\\x0a%.*s\"\n\"\\x0a%.*s=\"\n", n, options[i].words, n, options[i].words);
    }
    for (int row = 0; row < ROWS; row++)
        printf("\"\\x0a--%s\"\n\"\\x0a--no-%s\"\n\",%s\"\n", isolations[row].name,
               isolations[row].name, isolations[row].name);
    for (size_t i = 0; i < LENGTH(commands); i++)
        printf("\"%s\"\n", commands[i].name);
    for (size_t i = 0; i < LENGTH(capabilities); i++)
        printf("\"%s\"\n", capabilities[i].name);
    for (size_t i = 0; i < LENGTH(cures); i++)
        if (isalpha((unsigned char)*cures[i][SAID]))
            printf("\"%.*s\"\n", (int)strcspn(cures[i][SAID], ".|[("), cures[i][SAID]);
    printf("\":ro\"\n\"/../\"\n\"=host\"\n\"none\"\n\"\\x0aNSpid:\\x09\"\n\"\\x0aUid:\\x09\"\n");
}

/* A net below the net: whatever call is not replaced above is made as nobody, in namespaces of our
 * own where the machine allows them. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("FUZZ_TARGET"), *seconds = getenv("FUZZ_CPU");

    (void)argc, (void)argv;
    for (size_t i = 0; name && i < LENGTH(targets); i++)
        if (strcmp(targets[i].name, name) == 0)
            target = targets[i].fuzz;
    if (!target) { /* no name: say which there are */
        if (name && strcmp(name, "dictionary") == 0)
            print_dictionary();
        else
            for (size_t i = 0; i < LENGTH(targets); i++)
                puts(targets[i].name);
        exit(0);
    }
    cpu_limit = seconds ? atof(seconds) : 0;
    if (!freopen("/dev/null", "w", stdout))
        exit(2);
    if (getegid() == 0 && (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 ||
                           setresuid(65534, 65534, 65534) < 0))
        exit(2);
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET) < 0)
        errno = 0; /* a machine that allows none: then without */
    return 0;
}
