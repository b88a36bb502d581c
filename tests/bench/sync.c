/* sync.c -- what the kernel does at the end of a container that is kept: it syncs the file system where
 * the upper directory lies.
 *
 *   sync DIR        make in DIR as much as such a container makes, then syncfs(2)
 *
 * A file system on which nothing has changed has nothing to do: so there is a directory with two others
 * and three small files in it, each written under another name first. DIR/kept is what it makes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int put(const char *new, const char *path)
{
    int fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    return fd < 0 || write(fd, new, 8) != 8 || close(fd) < 0 || rename(new, path) < 0;
}

int main(int argc, char **argv)
{
    if (argc != 2 || chdir(argv[1]) < 0 || mkdir("kept", 0755) < 0 || chdir("kept") < 0 ||
        mkdir("upper", 0755) < 0 || mkdir("work", 0755) < 0 || put("image.new", "image") ||
        put("command.new", "command") || put("status.new", "status") ||
        syncfs(open(".", O_RDONLY | O_CLOEXEC)) < 0) {
        perror("sync");
        return 1;
    }
    return 0;
}
