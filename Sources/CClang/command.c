#include "braid_clang.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

// Between fork and exec only what is safe in a signal's handler may be called: another thread may have held any lock.

static void close_from(int first, int kept, int kept_too) {
    long end = sysconf(_SC_OPEN_MAX);
#if defined(__linux__) && defined(SYS_close_range)
    int low = kept < kept_too ? kept : kept_too, high = kept < kept_too ? kept_too : kept;
    if (syscall(SYS_close_range, first, low - 1, 0) == 0 || low <= first) {
        if (high > low + 1) syscall(SYS_close_range, low + 1, high - 1, 0);
        if (syscall(SYS_close_range, high + 1, ~0U, 0) == 0) return;
    }
#endif
    for (long file = first; file < (end > 0 && end < 65536 ? end : 65536); file += 1) {
        if (file != kept && file != kept_too) close((int)file);
    }
}

static void limit(int what, unsigned long long most) {
    struct rlimit value;
    if (getrlimit(what, &value) != 0) return;
    if (value.rlim_max != RLIM_INFINITY && value.rlim_max < most) most = value.rlim_max;
    value.rlim_cur = value.rlim_max = (rlim_t)most;
    setrlimit(what, &value);
}

static void restore_signals(void) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i += 1) signal(signals[i], SIG_DFL);
}

static int wait_for(pid_t process) {
    int status = 0;
    while (waitpid(process, &status, 0) < 0) {
        if (errno != EINTR) return -1;
    }
    return status;
}

/// Runs the command, and waits for its end or for that of the process that asked for it; removes the folder in the second case.
static void guard(const char *path, char *const *arguments, const char *folder, int removes, int output, int alive,
                  const braid_command_limits *limits) {
    // Ctrl-C ends the command and the process that waits for it; this one tidies up.
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i += 1) signal(signals[i], SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    int ended[2];
    if (pipe(ended) != 0) _exit(127);
    pid_t command = fork();
    if (command < 0) _exit(127);
    if (command == 0) {
        close(ended[0]);
        close(alive);
        int none = open("/dev/null", O_RDONLY);
        if (none < 0 || dup2(none, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 || chdir(folder) != 0) _exit(127);
        close_from(3, ended[1], ended[1]);
        restore_signals();
        limit(RLIMIT_CORE, 0);
        limit(RLIMIT_CPU, limits->seconds);
        limit(RLIMIT_AS, limits->bytes);
        limit(RLIMIT_FSIZE, limits->bytes);
        execv(path, arguments);
        _exit(127);
    }
    close(ended[1]);
    close(0);
    close(1);
    close(2);
    close_from(3, ended[0], alive);
    struct pollfd waits[2] = {{.fd = ended[0], .events = POLLIN}, {.fd = alive, .events = POLLIN}};
    while (poll(waits, 2, -1) < 0) {
        if (errno != EINTR) break;
    }
    if (!waits[0].revents) {
        kill(command, SIGKILL);
        wait_for(command);
        if (removes) {
            char *const words[] = {"rm", "-rf", "--", (char *)folder, NULL};
            execv("/bin/rm", words);
        }
        _exit(127);
    }
    int status = wait_for(command);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 127);
}

int braid_command_start(const char *path, char *const *arguments, const char *folder, int removes, const braid_command_limits *limits,
                        braid_command *started) {
    int output[2], alive[2];
    if (pipe(output) != 0) return errno;
    if (pipe(alive) != 0) {
        int problem = errno;
        close(output[0]);
        close(output[1]);
        return problem;
    }
    fcntl(output[0], F_SETFD, FD_CLOEXEC);
    fcntl(output[1], F_SETFD, FD_CLOEXEC);
    fcntl(alive[0], F_SETFD, FD_CLOEXEC);
    fcntl(alive[1], F_SETFD, FD_CLOEXEC);
    pid_t process = fork();
    int problem = errno;
    if (process == 0) {
        close(alive[1]);
        close(output[0]);
        guard(path, arguments, folder, removes, output[1], alive[0], limits);
    }
    close(output[1]);
    close(alive[0]);
    if (process < 0) {
        close(output[0]);
        close(alive[1]);
        return problem;
    }
    *started = (braid_command){.process = process, .output = output[0], .alive = alive[1]};
    return 0;
}

int braid_command_wait(braid_command started) {
    int status = wait_for(started.process);
    close(started.output);
    close(started.alive);
    return status < 0 || !WIFEXITED(status) ? 127 : WEXITSTATUS(status);
}
