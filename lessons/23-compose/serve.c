/* serve PORT COMMAND... -- a server for those who have none: COMMAND answers each call. What the
 * caller says is its standard input, what it prints is the answer. (inetd(8) began like this.) */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct sockaddr_in any = { .sin_family = AF_INET };
    int door = socket(AF_INET, SOCK_STREAM, 0), yes = 1, call;

    if (argc < 3)
        return 2;
    any.sin_port = htons((unsigned short)atoi(argv[1]));
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(door, (void *)&any, sizeof any) < 0 || listen(door, 100) < 0) {
        perror("serve");
        return 1;
    }
    signal(SIGCHLD, SIG_IGN); /* the ends of the children are nobody's concern */
    while ((call = accept(door, NULL, NULL)) >= 0) {
        if (fork() == 0) {
            signal(SIGCHLD, SIG_DFL);
            dup2(call, 0);
            dup2(call, 1);
            close(call);
            close(door);
            execvp(argv[2], argv + 2);
            perror(argv[2]);
            return 127;
        }
        close(call);
    }
    return 1;
}
