/* deny -- run a command for whom some system calls fail, as under Docker
 *
 *     deny mount:EPERM pivot_root:EPERM clone3:ENOSYS -- COMMAND [ARG]...
 *
 * A seccomp filter (a small BPF program, seccomp(2)) that answers the calls
 * named with the errno given, for the command and all its children. `clone`
 * fails only where it asks for a new namespace, which is what Docker's default
 * profile does: a plain fork(2) still works. `bridge` is the ioctl(2) that
 * makes a bridge, which fails where the kernel has no such module. Libc only;
 * the constants stand here because not every libc brings the kernel's headers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/filter.h, linux/seccomp.h, linux/bpf_common.h */
struct instruction { uint16_t code; uint8_t if_true, if_false; uint32_t k; };
struct program { unsigned short length; struct instruction *code; };
enum { LOAD = 0x20, IF_EQUAL = 0x15, IF_ANY_BIT = 0x45, ANSWER = 0x06 };
enum { NUMBER_AT = 0, FIRST_ARGUMENT_AT = 16, SECOND_ARGUMENT_AT = 24 }; /* struct seccomp_data */
#define ADD_BRIDGE 0x89a0u /* SIOCBRADDBR */
#define ALLOW 0x7fff0000u
#define FAIL_WITH 0x00050000u
#define NEW_NAMESPACE 0x7e020080u /* all CLONE_NEW... */

static const struct { const char *name; long number; } calls[] = {
    { "clone", SYS_clone },       { "clone3", 435 },
    { "unshare", SYS_unshare },   { "setns", SYS_setns },
    { "mount", SYS_mount },       { "umount2", SYS_umount2 },
    { "pivot_root", SYS_pivot_root },
    { "open_tree", 428 },         { "move_mount", 429 },
    { "mount_setattr", 442 },     { "close_range", 436 },
    { "fsopen", 430 },            { "fsconfig", 431 },
    { "fsmount", 432 },           { "openat2", 437 },
    { "sethostname", SYS_sethostname },
    { "keyctl", SYS_keyctl },     { "socket", SYS_socket },
    { "bridge", SYS_ioctl },
};

static const struct { const char *name; int number; } errors[] = {
    { "EPERM", EPERM },   { "EACCES", EACCES }, { "EINVAL", EINVAL },
    { "ENOSYS", ENOSYS }, { "ENOSPC", ENOSPC }, { "ENOMEM", ENOMEM },
    { "ENOPKG", ENOPKG }, { "ENODEV", ENODEV }, { "EOPNOTSUPP", EOPNOTSUPP },
};

static void wrong(const char *word)
{
    fprintf(stderr, "deny: CALL:ERRNO, not %s\n", word);
    exit(2);
}

/* WORD, as in "mount:EPERM", as instructions. Returns how many. */
static int deny(const char *word, struct instruction *out)
{
    const char *colon = strchr(word, ':');
    long call = -1;
    int error = 0, n = 0;

    for (size_t i = 0; colon && i < sizeof calls / sizeof *calls; i++)
        if (strlen(calls[i].name) == (size_t)(colon - word) &&
            strncmp(calls[i].name, word, (size_t)(colon - word)) == 0)
            call = calls[i].number;
    for (size_t i = 0; colon && i < sizeof errors / sizeof *errors; i++)
        if (strcmp(errors[i].name, colon + 1) == 0)
            error = errors[i].number;
    if (call < 0 || error == 0)
        wrong(word);
    /* A jump counts the instructions that it leaves out. */
    out[n++] = (struct instruction){ LOAD, 0, 0, NUMBER_AT };
    if (call == SYS_clone) {
        out[n++] = (struct instruction){ IF_EQUAL, 0, 3, (uint32_t)call };
        out[n++] = (struct instruction){ LOAD, 0, 0, FIRST_ARGUMENT_AT };
        out[n++] = (struct instruction){ IF_ANY_BIT, 0, 1, NEW_NAMESPACE };
    } else if (call == SYS_ioctl) {
        out[n++] = (struct instruction){ IF_EQUAL, 0, 3, (uint32_t)call };
        out[n++] = (struct instruction){ LOAD, 0, 0, SECOND_ARGUMENT_AT };
        out[n++] = (struct instruction){ IF_EQUAL, 0, 1, ADD_BRIDGE };
    } else {
        out[n++] = (struct instruction){ IF_EQUAL, 0, 1, (uint32_t)call };
    }
    out[n++] = (struct instruction){ ANSWER, 0, 0, FAIL_WITH | (uint32_t)error };
    return n;
}

int main(int argc, char **argv)
{
    struct instruction code[5 * 32 + 1];
    struct program program = { 0, code };
    int at = 1;

    for (; at < argc && at <= 32 && strcmp(argv[at], "--") != 0; at++)
        program.length = (unsigned short)(program.length +
                                          deny(argv[at], code + program.length));
    code[program.length++] = (struct instruction){ ANSWER, 0, 0, ALLOW };
    if (at + 1 >= argc)
        wrong("nothing to run");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, &program) < 0) {
        perror("deny: seccomp");
        return 2;
    }
    execvp(argv[at + 1], argv + at + 1);
    perror(argv[at + 1]);
    return 127;
}
